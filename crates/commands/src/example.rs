//! Examples: sessions as `redis-cli` shows them, on one connection or several.

use std::collections::BTreeMap;

/// A session that shows a command, in lines:
///
/// ```text
/// > WATCH seats              what the connection sends,
/// OK                         and what it is answered
/// bob> SET seats 0           what another connection sends: any word in small letters names one
/// OK
/// < 1) "message"             what the connection hears without having asked, or late
///   2) "news"
/// bob< OK                    what the other one hears so
/// ~ 1500                     so many milliseconds pass
/// > CLIENT KILL ID ‹12›      what differs from run to run is a sample in ‹ ›
/// ```
///
/// Numbers in a sample are others in each run, and the same sample stands for the same text throughout it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example(&'static str);

/// What happens in a session. `who` is the connection: empty for the one that shows the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// It sends a command.
    Send {
        /// Which connection.
        who: &'a str,
        /// The words of the command, as a person types them.
        line: &'a str,
    },
    /// It is told something: an answer, or a message.
    Hear {
        /// Which connection.
        who: &'a str,
        /// As `redis-cli` prints it, without what its lines are indented by.
        text: String,
    },
    /// Time passes.
    Pass {
        /// How much.
        ms: i64,
    },
}

impl Example {
    /// That of a container: what it holds has some.
    pub(crate) const NONE: Self = Self("");

    pub(crate) const fn new(session: &'static str) -> Self {
        Self(session)
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// What happens in it, in order.
    pub fn steps(self) -> Vec<Step<'static>> {
        steps(self.0)
    }

    /// As people read it: samples look like what they stand for.
    pub fn shown(self) -> String {
        without_marks(self.0.trim_end())
    }
}

/// Reads a session. Whoever runs it finds what makes no sense: an answer before anything was sent is not heard.
pub fn steps(session: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for line in session.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match (step(line), steps.last_mut()) {
            (Some(step), _) => steps.push(step),
            (None, Some(Step::Hear { text, .. })) => text.extend(["\n", line]),
            (None, Some(Step::Send { who, .. })) => {
                let who = *who;
                steps.push(Step::Hear { who, text: line.to_owned() });
            }
            (None, _) => steps.push(Step::Hear { who: "", text: line.to_owned() }),
        }
    }
    steps
}

/// The step that a line begins, unless it goes on with what is heard.
fn step(line: &str) -> Option<Step<'_>> {
    let (mark, rest) = line.split_once(' ')?;
    let who = mark.trim_end_matches(['>', '<', '~']);
    if !who.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    match &mark[who.len()..] {
        ">" => Some(Step::Send { who, line: rest }),
        "<" => Some(Step::Hear { who, text: rest.to_owned() }),
        "~" => rest.parse().ok().map(|ms| Step::Pass { ms }),
        _ => None,
    }
}

/// What the samples of a session stand for in one run of it.
#[derive(Clone, Debug, Default)]
pub struct Samples(BTreeMap<String, String>);

impl Samples {
    /// Says beforehand what a sample, given without its marks, stands for.
    pub fn insert(&mut self, sample: &str, meant: &str) {
        self.0.insert(sample.to_owned(), meant.to_owned());
    }

    /// A line to send, with what its samples stand for. A sample of which nothing was heard stands for itself.
    pub fn fill(&self, line: &str) -> String {
        let meant = |part: Part<'_>| match part {
            Part::Plain(text) => text.to_owned(),
            Part::Sample(sample) => self.0.get(sample).map_or(sample, String::as_str).to_owned(),
        };
        parts(line).into_iter().map(meant).collect()
    }

    /// Whether `heard` is what the session says; if so, `heard` with the samples themselves in their places. Learns what
    /// they stand for.
    pub fn settle(&mut self, said: &str, heard: &str) -> Option<String> {
        let mut learnt = self.clone();
        let mut rest = heard;
        for part in parts(said) {
            rest = match part {
                Part::Plain(text) => rest.strip_prefix(text)?,
                Part::Sample(sample) => learnt.strip_sample(sample, rest)?,
            };
        }
        rest.is_empty().then(|| {
            *self = learnt;
            without_marks(said)
        })
    }

    /// What is left of a text that begins with what a sample stands for.
    fn strip_sample<'a>(&mut self, sample: &str, text: &'a str) -> Option<&'a str> {
        if let Some(meant) = self.0.get(sample) {
            return text.strip_prefix(meant.as_str());
        }
        let rest = strip_alike(sample, text)?;
        self.insert(sample, &text[..text.len() - rest.len()]);
        Some(rest)
    }
}

/// What is left of a text that begins like a sample, but for the numbers in it.
fn strip_alike<'a>(mut sample: &str, mut text: &'a str) -> Option<&'a str> {
    let is_digit = |c: char| c.is_ascii_digit();
    while let Some(first) = sample.chars().next() {
        if is_digit(first) {
            let number_end = text.trim_start_matches(is_digit);
            if number_end.len() == text.len() {
                return None;
            }
            (sample, text) = (sample.trim_start_matches(is_digit), number_end);
        } else {
            (sample, text) = (&sample[first.len_utf8()..], text.strip_prefix(first)?);
        }
    }
    Some(text)
}

/// Part of a line.
enum Part<'a> {
    Plain(&'a str),
    Sample(&'a str),
}

fn parts(line: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = line;
    while let Some((plain, marked)) = rest.split_once('‹') {
        let (sample, after) = marked.split_once('›').unwrap_or((marked, ""));
        parts.extend([Part::Plain(plain), Part::Sample(sample)]);
        rest = after;
    }
    parts.push(Part::Plain(rest));
    parts
}

fn without_marks(text: &str) -> String {
    text.replace(['‹', '›'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send<'a>(who: &'a str, line: &'a str) -> Step<'a> {
        Step::Send { who, line }
    }

    fn hear<'a>(who: &'a str, text: &str) -> Step<'a> {
        Step::Hear { who, text: text.into() }
    }

    #[test]
    fn a_session_is_read_line_by_line() {
        let session = r#"
            > WATCH seats
            OK
            bob> BLPOP jobs 0
            > XRANGE s - +
            1) 1) "1-0"
               2) 1) "~ 1"
            bob< (nil)
            < 1) "message"
              2) "> a"
            ~ 1500
            > QUIT"#;
        let expected = [
            send("", "WATCH seats"),
            hear("", "OK"),
            send("bob", "BLPOP jobs 0"),
            send("", "XRANGE s - +"),
            hear("", "1) 1) \"1-0\"\n2) 1) \"~ 1\""),
            hear("bob", "(nil)"),
            hear("", "1) \"message\"\n2) \"> a\""),
            Step::Pass { ms: 1500 },
            send("", "QUIT"),
        ];
        assert_eq!(steps(session), expected);
        assert_eq!(steps("OK\nagain\n~ soon"), [hear("", "OK\nagain\n~ soon")]);
        assert_eq!(steps(""), []);
    }

    #[test]
    fn the_same_sample_stands_for_the_same_text() {
        let mut samples = Samples::default();
        assert_eq!(samples.fill("CLIENT KILL ID ‹12›"), "CLIENT KILL ID 12");
        assert_eq!(samples.settle("(integer) ‹12›", "(integer) 4711").as_deref(), Some("(integer) 12"));
        assert_eq!(samples.fill("CLIENT KILL ID ‹12› ‹13›"), "CLIENT KILL ID 4711 13");
        assert_eq!(samples.settle("id=‹12› age=‹0›", "id=4711 age=3").as_deref(), Some("id=12 age=0"));
        assert_eq!(samples.settle("id=‹12›", "id=4712"), None);
        samples.insert("token", "s3cret");
        assert_eq!(samples.fill("AUTH ‹token›"), "AUTH s3cret");
    }

    #[test]
    fn only_numbers_of_a_sample_may_be_others() {
        let settle = |said: &str, heard: &str| Samples::default().settle(said, heard).is_some();
        assert!(settle("[0 ‹127.0.0.1:60866›] x", "[0 10.1.22.3:5] x"));
        for heard in
            ["[0 127.0.0.1:] x", "[0 ::1:60866] x", "[0 127.0.0.1:60866] y", "[0 127.0.0.1:60866] x!", ""]
        {
            assert!(!settle("[0 ‹127.0.0.1:60866›] x", heard), "{heard}");
        }
    }

    #[test]
    fn what_was_refused_taught_nothing() {
        let mut samples = Samples::default();
        assert_eq!(samples.settle("‹1› a", "7 b"), None);
        assert_eq!(samples.settle("‹1› a", "7 a b"), None);
        assert_eq!(samples.fill("‹1›"), "1");
    }

    #[test]
    fn people_see_samples_as_what_they_stand_for() {
        assert_eq!(Example::new("> CLIENT ID\n(integer) ‹12›\n").shown(), "> CLIENT ID\n(integer) 12");
    }
}
