//! Rules: against a plain evaluation of them, against what Redis makes of them, and at their edges.

use proptest::prelude::*;
use serde_json::Value;

use super::rules::Sign;
use super::{Denial, Permissions, RuleError, Rules};
use crate::tests::words;
use crate::{Call, Category, Channels, Command, Run, table};

fn rules(text: &str) -> Rules {
    let mut rules = Rules::default();
    for rule in text.split_whitespace() {
        rules.apply(rule.as_bytes()).unwrap_or_else(|error| panic!("{rule}: {error}"));
    }
    rules
}

fn check(permissions: &Permissions, line: &str) -> Result<(), String> {
    let call = Call::resolve(words(line)).expect("a command line");
    permissions.check(&call).map_err(|denial| denial.error(call.command()).to_string())
}

/// What a rule says of a command, looked at alone: `None` if it is not about it.
fn said(rule: &str, command: &Command) -> Option<bool> {
    let (allows, about) = (rule.starts_with('+'), &rule[1..]);
    let is_about = match about.strip_prefix('@') {
        Some("all") => true,
        Some(category) => command.categories().names().any(|name| name == category),
        None => command.full_name().split('|').next() == Some(about),
    };
    is_about.then_some(allows)
}

fn rule() -> impl Strategy<Value = String> {
    let about = prop_oneof![
        1 => Just("@all".to_owned()),
        4 => (0..Category::ALL.len()).prop_map(|at| format!("@{}", Category::ALL[at].1)),
        6 => prop::sample::select(vec!["get", "set", "config", "client", "eval", "xinfo", "command", "acl"])
            .prop_map(str::to_owned),
    ];
    (prop::bool::ANY, about).prop_map(|(plus, about)| format!("{}{about}", if plus { '+' } else { '-' }))
}

fn pattern() -> impl Strategy<Value = String> {
    "[ab:*?]{0,5}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The last rule about a command decides.
    #[test]
    fn compiled_rules_allow_what_they_say(list in prop::collection::vec(rule(), 0..8)) {
        let compiled = rules(&list.join(" "));
        let permissions = compiled.compile();
        for command in table::all() {
            let expected = list.iter().rev().find_map(|rule| said(rule, command)).unwrap_or(false);
            prop_assert_eq!(permissions.allows_command(command), expected, "{}", command.full_name());
        }
        prop_assert_eq!(Rules::parse(&compiled.text()), compiled);
    }

    /// Not of the empty key: for Redis, no pattern but `*` matches it.
    #[test]
    fn a_key_is_allowed_if_one_pattern_matches_it(
        patterns in prop::collection::vec(pattern(), 0..4), key in "[ab:]{1,5}",
    ) {
        let mut rules = Rules::default();
        for pattern in &patterns {
            let _ = rules.apply(format!("~{pattern}").as_bytes()); // refused after a ~*
        }
        let expected = patterns.iter().any(|pattern| naive_glob(pattern.as_bytes(), key.as_bytes()));
        prop_assert_eq!(rules.compile().allows_key(key.as_bytes()), expected);
        prop_assert_eq!(Rules::parse(&rules.text()), rules);
    }

    #[test]
    fn no_rule_breaks_anything(rule in prop::collection::vec(any::<u8>(), 0..12), sign in "[~&+%(-]?") {
        let rule = [sign.as_bytes(), &rule].concat();
        let mut changed = rules("on ~a &b +@read");
        let before = changed.clone();
        match changed.apply(&rule) {
            Ok(()) => prop_assert_eq!(Rules::parse(&changed.text()), changed),
            Err(_) => prop_assert_eq!(changed, before),
        }
    }
}

fn naive_glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|skipped| naive_glob(rest, &text[skipped..])),
        ([b'?', rest @ ..], [_, text @ ..]) => naive_glob(rest, text),
        ([first, rest @ ..], [same, text @ ..]) => first == same && naive_glob(rest, text),
        ([], [_, ..]) | ([_, ..], []) => false,
    }
}

/// Redis 7.0 describes what is allowed in words of its own; ours are those that were given, as since 7.2. They have to
/// allow the same of what both know.
#[test]
fn rules_allow_what_redis_says_they_allow() {
    let reference: Value =
        serde_json::from_str(include_str!("../../../../tests/data/redis-7.0-commands.json")).unwrap();
    let known = |command: &&Command| reference["commands"].get(command.full_name()).is_some();
    let samples = include_str!("../../../../tests/data/redis-acl-rules.txt");
    for line in samples.lines().filter(|line| !line.starts_with('#')) {
        let (given, theirs) = line.split_once(" => ").expect("rules => what they are");
        let ours = rules(given);
        let theirs = theirs.replace("sanitize-payload ", "");
        let line = String::from_utf8(ours.line("t", std::iter::empty())).unwrap();
        let about_commands = |text: &str| text.split(['+', '-']).next().map(str::to_owned);
        assert_eq!(about_commands(&line), about_commands(&format!("user t {theirs}")), "{given}");
        let (ours, theirs) = (ours.compile(), reconstructed(&theirs).compile());
        for command in table::all().filter(known) {
            let name = command.full_name();
            assert_eq!(ours.allows_command(command), theirs.allows_command(command), "{given}: {name}");
        }
    }
}

/// Rules that Redis wrote: they may name subcommands, and commands that are not here.
fn reconstructed(text: &str) -> Rules {
    let mut rules = Rules::default();
    for rule in text.split(' ') {
        match (rules.apply(rule.as_bytes()), rule.strip_prefix('-')) {
            (Err(RuleError::Subcommand), Some(name)) => rules.put_command(Sign::Minus, name.to_owned()),
            (Err(RuleError::Subcommand), None) => rules.put_command(Sign::Plus, rule[1..].to_owned()),
            (Ok(()) | Err(RuleError::Unknown), _) => {}
            (Err(error), _) => panic!("{rule}: {error}"),
        }
    }
    rules
}

/// As Redis since 7.2.
#[test]
fn rules_are_shown_as_they_were_given() {
    let shown = |given| String::from_utf8(rules(given).line("ann", ["00".to_owned()].into_iter())).unwrap();
    for (given, expected) in [
        ("", "user ann off #00 resetchannels -@all"),
        ("on allkeys &news +@all -GET -set +get", "user ann on #00 ~* resetchannels &news +@all -set +get"),
        ("~a ~b:* allchannels +@read -@dangerous", "user ann off #00 ~a ~b:* &* -@all +@read -@dangerous"),
        ("+get -get", "user ann off #00 resetchannels -@all -get"),
        ("on ~a +@all reset +ping", "user ann off #00 resetchannels -@all +ping"),
    ] {
        assert_eq!(shown(given), expected, "{given}");
    }
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    use RuleError::*;
    for (rule, error) in [
        ("nonsense", Syntax),
        ("~a b", Syntax),
        ("&a\0", Syntax),
        ("+nosuch", Unknown),
        ("-@nosuch", Unknown),
        ("+", Unknown),
        ("+client|list", Subcommand),
        ("+select|0", Subcommand),
        ("%R~a", HalfAccess),
        ("(+get ~a)", Selector),
        ("clearselectors", Selector),
        ("skip-sanitize-payload", Syntax),
        ("nopass", Syntax),
    ] {
        assert_eq!(Rules::default().apply(rule.as_bytes()), Err(error), "{rule}");
    }
    assert_eq!(rules("allkeys allchannels").apply(b"~a"), Err(AllKeys));
    assert_eq!(rules("allkeys allchannels").apply(b"&a"), Err(AllChannels));
}

#[test]
fn commands_keys_and_channels_are_refused_in_this_order() {
    const COMMAND: &str = "NOPERM this user has no permissions to run the 'del' command or its subcommand";
    const KEY: &str = "NOPERM No permissions to access a key";
    const CHANNEL: &str = "NOPERM No permissions to access a channel";
    let permissions = rules("+@all -del ~own:* &own.*").compile();
    let check = |line| check(&permissions, line).err();
    let refused = |text: &str| Some(text.to_owned());
    assert_eq!(check("GET own:1"), None);
    assert_eq!(check("MGET own:1 own:2 other"), refused(KEY));
    assert_eq!(check("DEL other"), refused(COMMAND));
    assert_eq!(check("COPY own:1 other"), refused(KEY));
    assert_eq!(check("SUNIONSTORE other own:1"), refused(KEY));
    assert_eq!(check("XREAD STREAMS own:1 other 0 0"), refused(KEY));
    assert_eq!(check("EVAL x 1 other"), refused(KEY));
    assert_eq!(check("EVAL x 0 other"), None);
    assert_eq!(check("SORT own:1 STORE other"), refused(KEY));
    assert_eq!(check("WATCH other"), refused(KEY));
    assert_eq!(check("SUBSCRIBE own.1 other"), refused(CHANNEL));
    assert_eq!(check("SUBSCRIBE own.1"), None);
    assert_eq!(check("PSUBSCRIBE own.*"), None);
    assert_eq!(check("PSUBSCRIBE own.a*"), refused(CHANNEL));
    assert_eq!(check("UNSUBSCRIBE other"), None);
}

/// What a pattern of SORT reaches, nobody can tell before.
#[test]
fn sort_by_pattern_needs_all_keys() {
    let some = rules("+@all ~l ~w_*").compile();
    let by = "ERR BY option of SORT denied due to insufficient ACL permissions";
    let get = "ERR GET option of SORT denied due to insufficient ACL permissions";
    assert_eq!(check(&some, "SORT l BY w_*"), Err(by.into()));
    assert_eq!(check(&some, "SORT_RO l LIMIT 0 1 GET w_*"), Err(get.into()));
    assert_eq!(check(&some, "SORT l BY nosort"), Ok(()));
    assert_eq!(check(&rules("+@all ~*").compile(), "SORT l BY w_* GET w_*"), Ok(()));
}

#[test]
fn a_dry_run_says_what_is_missing() {
    let permissions = rules("+get ~a").compile();
    let explain = |line| {
        let call = Call::resolve(words(line)).unwrap();
        permissions.check(&call).map_err(|denial| denial.explain("ann", call.command()))
    };
    let refused = |text: &str| Err(text.to_owned());
    assert_eq!(explain("GET a"), Ok(()));
    assert_eq!(
        explain("CONFIG GET a"),
        refused("User ann has no permissions to run the 'config|get' command")
    );
    assert_eq!(explain("GET b"), refused("User ann has no permissions to access the 'b' key"));
}

/// The rules that are shown for read-only tokens are those that hold.
#[test]
fn the_rules_of_readers_can_be_told() {
    let told = Rules::for_readers();
    for command in table::all().filter(|command| !command.is_container()) {
        let name = command.full_name();
        let allowed = Permissions::for_readers().allows_command(command);
        assert_eq!(told.compile().allows_command(command), allowed, "{name}");
        assert!(!(allowed && matches!(command.spec.run, Run::Write(_) | Run::Script(_))), "{name}");
    }
    assert!(told.commands().starts_with("-@all +@read -@dangerous"), "{}", told.commands());
}

/// Every command that names channels has to declare them, or nobody would be kept from any.
#[test]
fn commands_about_channels_declare_them() {
    let names_none = ["unsubscribe", "punsubscribe", "sunsubscribe"];
    for command in table::all().filter(|command| command.categories().has(Category::PubSub)) {
        let name = command.full_name();
        let exempt =
            names_none.contains(&name.as_str()) || name.starts_with("pubsub") || command.is_container();
        assert_eq!(command.spec.channels == Channels::None, exempt, "{name}");
    }
}

#[test]
fn a_denial_names_the_first_key_that_is_not_allowed() {
    let call = Call::resolve(words("DEL a b c")).unwrap();
    assert_eq!(rules("+del ~a").compile().check(&call), Err(Denial::Key(b"b")));
}
