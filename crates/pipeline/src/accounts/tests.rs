//! `ACL` through the whole stack: what is made of users, and what they may do then.

use latchkey_commands::{Run, Step, commands, steps};
use latchkey_protocol::{Reply, ReplyError};
use latchkey_tenancy::{Change, DatabaseId, UserToken};

use crate::policy::may_use_channel;
use crate::tests::{OWNER, READER, Scene};
use crate::{Refusal, Replies, Shape};

const PASSWORD: &str = "correct-horse-battery";

fn token_of(user: &str) -> String {
    let database = DatabaseId::from_bytes([1; 16]);
    UserToken { database, user: user.into(), password: PASSWORD.into() }.text()
}

/// A reply as `redis-cli` prints it.
fn show(reply: &Reply) -> String {
    match reply {
        Reply::Status(text) => text.to_string(),
        Reply::Bulk(text) => format!("{:?}", String::from_utf8_lossy(text)),
        Reply::Int(n) => format!("(integer) {n}"),
        Reply::Null => "(nil)".into(),
        Reply::Error(error) => format!("(error) {error}"),
        Reply::Array(items) | Reply::Set(items) if items.is_empty() => "(empty array)".into(),
        Reply::Array(items) | Reply::Set(items) => numbered(items.iter()),
        Reply::Map(pairs) => numbered(pairs.iter().flat_map(|(name, value)| [name, value])),
        other => panic!("{other:?}"),
    }
}

fn numbered<'a>(items: impl Iterator<Item = &'a Reply>) -> String {
    items.zip(1..).map(|(item, n)| format!("{n}) {}", show(item))).collect::<Vec<_>>().join("\n")
}

impl Scene {
    /// Runs a session of the owner: lines that begin with `> ` are commands, the others what has to be printed.
    async fn check(&self, session: &str) {
        self.check_steps(steps(session)).await;
    }

    async fn check_steps(&self, steps: Vec<Step<'_>>) {
        let mut steps = steps.into_iter();
        while let Some(step) = steps.next() {
            let Step::Send { who: "", line } = step else { panic!("{step:?}") };
            let shown = show(&self.one(OWNER, line).await.expect("the owner is let in"));
            let text = shown.lines().map(str::trim).collect::<Vec<_>>().join("\n");
            assert_eq!(steps.next(), Some(Step::Hear { who: "", text }), "{line}");
        }
    }
}

#[tokio::test]
async fn every_example_about_users_holds() {
    let containers = commands().iter().flat_map(|command| command.subcommands());
    let about_users = containers.filter(|command| matches!(command.spec.run, Run::Account(_)));
    let mut checked = 0;
    for command in about_users {
        Scene::unlimited().check_steps(command.spec.example.steps()).await;
        checked += 1;
    }
    assert_eq!(checked, 10);
}

#[tokio::test]
async fn a_user_is_made_of_rules_from_left_to_right_or_stays_as_it_was() {
    let scene = Scene::unlimited();
    scene
        .check(
            r#"
            > ACL SETUSER ann on ~a ~b resetkeys ~c allchannels +@all -@dangerous
            OK
            > ACL SETUSER ann +get off nonsense
            (error) ERR Error in ACL SETUSER modifier 'nonsense': Syntax error
            > ACL LIST
            1) "user ann on ~c &* +@all -@dangerous"
            2) "user default on ~* &* +@all"
            3) "user default_ro on ~* &* READERS"
            > ACL SETUSER ann reset
            OK
            > ACL GETUSER ann
            1) "flags"
            2) 1) "off"
            3) "passwords"
            4) (empty array)
            5) "commands"
            6) "-@all"
            7) "keys"
            8) ""
            9) "channels"
            10) ""
            > ACL GETUSER nobody
            (nil)
            > ACL DELUSER ann nobody ann
            (integer) 1
            > ACL USERS
            1) "default"
            2) "default_ro"
            "#
            .replace("READERS", &latchkey_commands::acl::Rules::for_readers().commands())
            .as_str(),
        )
        .await;
}

#[tokio::test]
async fn what_upstash_refuses_is_refused() {
    let scene = Scene::unlimited();
    let long_name = "x".repeat(65);
    let long_rules = format!("~{}", "x".repeat(5000));
    for (command, refusal) in [
        ("ACL SETUSER default off", "The 'default' user cannot be modified"),
        ("ACL SETUSER default_ro off", "The 'default_ro' user cannot be modified"),
        ("ACL DELUSER ann default", "The 'default' user cannot be removed"),
        ("ACL GENTOKEN default", "The 'default' user cannot be modified"),
        ("ACL SETUSER ann nopass", "modifier 'nopass': Users without a password are not supported"),
        (
            "ACL SETUSER ann >hunter2",
            "modifier '>...': The password must be a token of this user from ACL GENTOKEN",
        ),
        ("ACL SETUSER ann <hunter2", "modifier '<...': The password you are trying to remove"),
        ("ACL SETUSER ann #abc", "modifier '#...': Password hashes are not supported"),
        ("ACL SETUSER ann !abc", "modifier '!...': The password hash must be exactly 64 characters"),
        (
            "ACL SETUSER ann +client|list",
            "modifier '+client|list': Rules about subcommands are not supported",
        ),
        ("ACL SETUSER ann (+get", "modifier '(+get': Selectors are not supported"),
        ("ACL SETUSER ann %R~a", "modifier '%R~a': Key permissions for only reading"),
        ("ACL SETUSER a\tb", "Usernames can't contain spaces or null characters"),
        (&format!("ACL SETUSER {long_name}"), "cannot be longer than 64 bytes"),
        (&format!("ACL SETUSER ann {long_rules}"), "cannot be longer than 4096 bytes"),
        ("ACL GENTOKEN ann short", "the password is too weak"),
        ("ACL GENTOKEN ann a b", "unknown subcommand or wrong number of arguments for 'gentoken'"),
        ("ACL GENPASS 0", "a positive number up to 4096"),
        ("ACL GENPASS x", "value is not an int or out of range"),
        ("ACL DRYRUN nobody GET k", "User 'nobody' not found"),
        ("ACL DRYRUN default NOSUCH k", "Command 'NOSUCH' not found"),
        ("ACL DRYRUN default", "wrong number of arguments for 'acl|dryrun'"),
        ("ACL DRYRUN default GET a b", "wrong number of arguments for 'get' command"),
        ("ACL RESTTOKEN ann correct-horse-battery", "Wrong password or user \"ann\" does not exist"),
    ] {
        match scene.one(OWNER, command).await {
            Ok(Reply::Error(error)) => assert!(error.to_string().contains(refusal), "{command}: {error}"),
            other => panic!("{command}: {other:?}"),
        }
    }
    scene.check("> ACL USERS\n1) \"default\"\n2) \"default_ro\"").await;
}

#[tokio::test]
async fn a_token_opens_the_database_once_the_user_has_it() {
    let scene = Scene::unlimited();
    let token = token_of("ann");
    scene
        .check(&format!(
            "> ACL GENTOKEN ann {PASSWORD}\n\"{token}\"\n> ACL USERS\n1) \"default\"\n2) \"default_ro\""
        ))
        .await;
    assert!(matches!(scene.one(&token, "PING").await, Err(Refusal::Unauthenticated(_))));
    scene.check(&format!("> ACL SETUSER ann on >{token} +@all ~own:*\nOK")).await;
    for password in [PASSWORD, &token] {
        scene.check(&format!("> ACL RESTTOKEN ann {password}\n\"{token}\"")).await;
    }
    assert_eq!(scene.one(&token, "ACL WHOAMI").await, Ok(Reply::bulk("ann")));
    assert_eq!(scene.one(&token, "GET own:1").await, Ok(Reply::OK));
    let refused = Reply::Error(ReplyError::fixed("NOPERM No permissions to access a key"));
    assert_eq!(scene.one(&token, "GET other").await, Ok(refused));
    scene.check(&format!("> ACL SETUSER ann <{token}\nOK")).await;
    assert!(matches!(scene.one(&token, "PING").await, Err(Refusal::Unauthenticated(_))));
    // Another's token is not its own.
    let other = token_of("bob");
    assert!(matches!(
        scene.one(OWNER, &format!("ACL SETUSER ann >{other}")).await,
        Ok(Reply::Error(error)) if error.to_string().contains("must be a token of this user")
    ));
}

#[tokio::test]
async fn the_tokens_of_the_database_are_tokens_of_its_built_in_users() {
    let scene = Scene::unlimited();
    for (token, user) in [(OWNER, "default"), (READER, "default_ro")] {
        let principal = scene.authority.authenticate(token.as_bytes(), 0).unwrap();
        assert_eq!(principal.user_name(), user);
    }
    assert!(matches!(scene.one(READER, "ACL WHOAMI").await, Ok(Reply::Error(_))), "as with Upstash");
}

#[tokio::test]
async fn a_batch_keeps_the_places_of_commands_about_users() {
    let scene = Scene::unlimited();
    let commands = ["SET k v", "ACL WHOAMI", "NOSUCH", "GET k", "ACL SETUSER ann on"];
    for shape in [Shape::Pipeline, Shape::Stream] {
        let replies = scene.many_of(OWNER, shape, &commands).await.unwrap();
        let [set, who, unknown, get, made] = replies.try_into().unwrap();
        assert_eq!([set, who, get, made], [Reply::OK, Reply::bulk("default"), Reply::OK, Reply::OK]);
        assert!(matches!(unknown, Reply::Error(_)));
        assert_eq!(scene.ran(), ["set", "get"]);
    }
}

#[tokio::test]
async fn a_transaction_has_no_commands_about_users() {
    let scene = Scene::unlimited();
    let answer = scene.send(OWNER, Shape::Atomic, &["SET k v", "ACL SETUSER ann on"]).await;
    let Replies::Refused(Refusal::Discarded(error)) = answer.replies else { panic!("{answer:?}") };
    assert!(error.to_string().ends_with("ERR Command not allowed inside a transaction"), "{error}");
    assert_eq!(scene.ran(), [""; 0]);
    scene.check("> ACL USERS\n1) \"default\"\n2) \"default_ro\"").await;
}

/// What is not allowed is refused one by one in a pipeline, and with the whole in a transaction.
#[tokio::test]
async fn a_user_is_narrowed_while_it_works() {
    let scene = Scene::unlimited();
    let token = token_of("ann");
    scene.check(&format!("> ACL SETUSER ann on >{token} allkeys +@all\nOK")).await;
    assert_eq!(
        scene.many_of(&token, Shape::Pipeline, &["SET k v", "GET k"]).await.unwrap(),
        [Reply::OK, Reply::OK]
    );
    scene.check("> ACL SETUSER ann -set\nOK").await;
    let replies = scene.many_of(&token, Shape::Pipeline, &["SET k v", "GET k"]).await.unwrap();
    assert!(matches!(&replies[..], [Reply::Error(_), got] if *got == Reply::OK), "{replies:?}");
    let whole = scene.many_of(&token, Shape::Atomic, &["GET k", "SET k v"]).await;
    assert!(matches!(whole, Err(Refusal::Discarded(_))), "{whole:?}");
    let ann = scene.authority.user(DatabaseId::from_bytes([1; 16]), "ann").unwrap();
    let deleted = latchkey_tenancy::UserRecord { deleted: true, ..ann };
    scene.authority.apply(&Change::User(deleted)).unwrap();
    assert!(matches!(scene.one(&token, "GET k").await, Err(Refusal::Unauthenticated(_))));
}

#[tokio::test]
async fn channels_are_allowed_by_name_and_patterns_only_as_they_stand() {
    let scene = Scene::unlimited();
    let token = token_of("ann");
    scene.check(&format!("> ACL SETUSER ann on >{token} +@all &news.*\nOK")).await;
    let grants = |token: &str| scene.authority.authenticate(token.as_bytes(), 0).unwrap().grants();
    for (channel, is_pattern, allowed) in
        [("news.1", false, true), ("chat", false, false), ("news.*", true, true), ("news.1*", true, false)]
    {
        let may = |token| may_use_channel(&grants(token), channel.as_bytes(), is_pattern);
        assert_eq!(may(&token).is_ok(), allowed, "{channel}");
        assert_eq!((may(OWNER), may(READER)), (Ok(()), Ok(())), "{channel}");
    }
}

#[tokio::test]
async fn generated_passwords_have_as_many_digits_as_asked_for() {
    let scene = Scene::unlimited();
    for (bits, digits) in [("", 64), (" 1", 2), (" 12", 4), (" 4096", 1024)] {
        let reply = scene.one(OWNER, &format!("ACL GENPASS{bits}")).await;
        assert!(matches!(reply, Ok(Reply::Bulk(text)) if text.len() == digits), "{bits}");
    }
}
