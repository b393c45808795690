//! `COMMAND LIST [FILTERBY MODULE module | FILTERBY ACLCAT category | FILTERBY PATTERN pattern]`

use latchkey_keyspace::collections::glob;
use latchkey_protocol::{Reply, ReplyError};

use crate::{Args, Category, Command, Result, Server, commands};

pub(super) fn list(_: &mut Server<'_>, mut args: Args<'_>) -> Result {
    let filter = Filter::parse(&mut args)?;
    let all = commands().iter().flat_map(|command| std::iter::once(command).chain(command.subcommands()));
    let names = all.filter(|command| filter.passes(command)).map(|command| Reply::bulk(command.full_name()));
    Ok(Reply::Array(names.collect()))
}

enum Filter<'a> {
    /// None: every command passes.
    None,
    /// Commands of a module. There are no modules.
    Module,
    /// Commands of an ACL category; of an unknown one, none.
    Category(Option<Category>),
    /// Commands whose name matches.
    Pattern(&'a [u8]),
}

impl<'a> Filter<'a> {
    fn parse(args: &mut Args<'a>) -> Result<Self> {
        if args.is_empty() {
            return Ok(Self::None);
        }
        if !args.option("FILTERBY") || args.len() != 2 {
            return Err(ReplyError::SYNTAX.into());
        }
        if args.option("MODULE") {
            Ok(Self::Module)
        } else if args.option("ACLCAT") {
            let name = str::from_utf8(args.next()?).ok();
            Ok(Self::Category(name.and_then(Category::named)))
        } else if args.option("PATTERN") {
            Ok(Self::Pattern(args.next()?))
        } else {
            Err(ReplyError::SYNTAX.into())
        }
    }

    fn passes(&self, command: &Command) -> bool {
        match self {
            Self::None => true,
            Self::Module => false,
            Self::Category(category) => category.is_some_and(|category| command.categories().has(category)),
            Self::Pattern(pattern) => glob::matches(pattern, command.full_name().as_bytes(), true),
        }
    }
}
