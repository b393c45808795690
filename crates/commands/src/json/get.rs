//! `JSON.GET key [INDENT indent] [NEWLINE newline] [SPACE space] [path [path …]]`

use latchkey_keyspace::Str;
use latchkey_keyspace::collections::scan_map::ScanMap;
use latchkey_keyspace::value::json::{Layout, Node};
use latchkey_protocol::Reply;

use super::document::{self, missing};
use super::path::{Path, Steps};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const GET: Spec = Spec::read("JSON.GET", get)
    .summary("Returns the text of values in a JSON document.")
    .since("8.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":2,"nested":{"a":4}}
OK
> JSON.GET doc $..a
"[4,2]"
> JSON.GET doc .nested
"{\"a\":4}"
> JSON.GET doc $.a $.b
"{\"$.a\":[2],\"$.b\":[]}""#,
    );

fn get(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let wanted = Wanted::parse(&mut args)?;
    let Some(json) = db.json(key)? else { return Ok(Reply::Null) };
    Ok(Reply::Bulk(wanted.print(json.root())?.into()))
}

struct Wanted<'a> {
    layout: Layout<'a>,
    /// With the words that named them; each once.
    paths: Vec<(&'a [u8], Path)>,
}

impl<'a> Wanted<'a> {
    fn parse(args: &mut Args<'a>) -> Result<Self> {
        let mut layout = Layout { bytes_max: document::REPLY_BYTES_MAX, ..Layout::default() };
        let (mut paths, mut known, steps) = (Vec::new(), ScanMap::new(0), Steps::default());
        while !args.is_empty() {
            if args.option("INDENT") {
                layout.indent = args.next()?;
            } else if args.option("NEWLINE") {
                layout.newline = args.next()?;
            } else if args.option("SPACE") {
                layout.space = args.next()?;
            } else {
                let word = args.next()?;
                if known.insert(Str::from(word), ()).is_none() {
                    paths.push((word, Path::parse_with(word, &steps)?));
                }
            }
        }
        Ok(Self { layout, paths })
    }

    fn print(&self, root: &Node) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        match &self.paths[..] {
            [] => root.print_at(&mut out, self.layout, 0),
            [(_, path)] => self.print_matches(&mut out, root, path, path.is_legacy(), 0)?,
            paths => {
                // One JSONPath among them makes all of them such.
                let bare = paths.iter().all(|(_, path)| path.is_legacy());
                let mut outcome = Ok(());
                self.layout.print_list(&mut out, b"{}", 0, paths.iter(), |out, (word, path)| {
                    self.layout.print_name(out, word);
                    if outcome.is_ok() {
                        outcome = self.print_matches(out, root, path, bare, 1);
                    }
                });
                outcome?;
            }
        }
        document::check_reply_bytes(out.len())?;
        Ok(out)
    }

    /// Prints all matches as an array; or the first one, bare.
    fn print_matches(
        &self,
        out: &mut Vec<u8>,
        root: &Node,
        path: &Path,
        bare: bool,
        level: usize,
    ) -> Result<()> {
        if bare {
            path.first(root)?.ok_or_else(|| missing(path))?.print_at(out, self.layout, level);
            return Ok(());
        }
        self.layout.print_list(out, b"[]", level, path.nodes(root)?.into_iter(), |out, node| {
            node.print_at(out, self.layout, level + 1);
        });
        Ok(())
    }
}
