//! Who is told of what.

use super::*;
use crate::limits::MAILBOX_MESSAGES_MAX;
use crate::{Ear, Hub, Scope};

fn hub() -> Arc<Hub> {
    Arc::new(Hub::new(7))
}

fn tracker(hub: &Arc<Hub>, terms: &Terms) -> Ear {
    let ear = Ear::new();
    hub.join(&ear);
    ear.track(terms, None).unwrap();
    ear
}

fn mode(mode: Mode) -> Terms {
    Terms { mode, ..Terms::default() }
}

fn broadcast(prefixes: &[&str]) -> Terms {
    let prefixes = prefixes.iter().map(|prefix| Bytes::copy_from_slice(prefix.as_bytes())).collect();
    Terms { mode: Mode::Broadcast, prefixes, ..Terms::default() }
}

fn number(hub: &Arc<Hub>, ear: &Ear) -> u64 {
    hub.reader(ear).unwrap().number
}

fn read(who: u64, key: &str) -> Trace {
    Trace::Read { who, key: key.into() }
}

fn changed(who: u64, key: &str) -> Trace {
    Trace::Changed { who, key: key.into() }
}

/// What it heard, the keys of a message between spaces.
fn heard(ear: &Ear) -> Vec<String> {
    let messages = std::iter::from_fn(|| ear.try_hear().unwrap());
    messages
        .map(|message| match message {
            Message::Stale { stale: Stale::Everything, .. } => "*".to_owned(),
            Message::Stale { stale: Stale::Keys(keys), .. } => {
                keys.iter().map(|key| String::from_utf8_lossy(key)).collect::<Vec<_>>().join(" ")
            }
            other => format!("{other:?}"),
        })
        .collect()
}

#[test]
fn who_has_read_is_told_once() {
    let hub = hub();
    let (ear, other) = (tracker(&hub, &mode(Mode::Reads)), tracker(&hub, &mode(Mode::Reads)));
    let (one, two) = (number(&hub, &ear), number(&hub, &other));
    hub.tell_trackers(vec![read(one, "a"), read(two, "a"), read(one, "b")]);
    hub.tell_trackers(vec![changed(Trace::NOBODY, "a"), changed(two, "a"), changed(two, "c")]);
    assert_eq!(heard(&ear), ["a"]);
    assert_eq!(heard(&other), ["a"]);
    hub.tell_trackers(vec![changed(one, "b")]);
    assert_eq!(heard(&ear), ["b"]);
    assert_eq!(heard(&other), Vec::<String>::new());
    assert_eq!(hub.tracked(), TrackedCounts { clients: 2, ..TrackedCounts::default() });
}

/// What is read after a change in the same step is not stale.
#[test]
fn a_step_is_told_in_its_order() {
    let hub = hub();
    let ear = tracker(&hub, &mode(Mode::Reads));
    let one = number(&hub, &ear);
    hub.tell_trackers(vec![changed(one, "a"), read(one, "a"), read(one, "b"), changed(one, "b")]);
    assert_eq!(heard(&ear), ["b"]);
    assert_eq!(hub.tracked().keys, 1);
    hub.tell_trackers(vec![read(one, "b"), Trace::Everything, read(one, "c")]);
    assert_eq!(heard(&ear), ["*"]);
    assert_eq!(hub.tracked().keys, 1);
}

#[test]
fn only_reads_that_are_meant_are_remembered() {
    let hub = hub();
    let (optin, optout) = (tracker(&hub, &mode(Mode::OptIn)), tracker(&hub, &mode(Mode::OptOut)));
    let remembers = |ear: &Ear| hub.reader(ear).unwrap().remembers;
    assert_eq!((remembers(&optin), remembers(&optout)), (false, true));
    for ear in [&optin, &optout] {
        ear.set_exception(true);
        hub.tell_trackers(vec![read(number(&hub, ear), "a")]);
    }
    assert_eq!((remembers(&optin), remembers(&optout)), (true, false));
    hub.tell_trackers(vec![changed(0, "a")]);
    assert_eq!((heard(&optin), heard(&optout)), (vec!["a".to_owned()], vec![]));
}

#[test]
fn own_changes_can_be_left_out() {
    let hub = hub();
    let quiet = tracker(&hub, &Terms { spares_own: true, ..Terms::default() });
    let one = number(&hub, &quiet);
    hub.tell_trackers(vec![read(one, "a"), changed(one, "a"), changed(0, "a")]);
    assert_eq!(heard(&quiet), Vec::<String>::new(), "who writes has no copy afterwards");
    hub.tell_trackers(vec![read(one, "a"), changed(0, "a"), Trace::Everything]);
    assert_eq!(heard(&quiet), ["a", "*"]);
    let quiet = tracker(&hub, &Terms { spares_own: true, ..broadcast(&["a"]) });
    let one = number(&hub, &quiet);
    hub.tell_trackers(vec![changed(one, "a1"), changed(one, "a2"), changed(0, "a2"), changed(0, "a3")]);
    hub.tell_trackers(vec![changed(one, "a")]);
    assert_eq!(heard(&quiet), ["a2 a3"]);
}

#[test]
fn a_prefix_is_told_once_a_step() {
    let hub = hub();
    let (ear, all) = (tracker(&hub, &broadcast(&["b:", "a"])), tracker(&hub, &broadcast(&[""])));
    let step = ["b:2", "c", "a", "b:1", "b:2"].map(|key| changed(0, key));
    hub.tell_trackers(step.to_vec());
    assert_eq!(heard(&ear), ["a", "b:1 b:2"]);
    assert_eq!(heard(&all), ["a b:1 b:2 c"]);
    ear.track(&broadcast(&["c"]), None).unwrap();
    assert_eq!(ear.tracked().unwrap().prefixes, ["a".into(), "b:".into(), Str::from("c")]);
    assert_eq!(hub.tracked().prefixes, 4);
    ear.stop_tracking();
    hub.tell_trackers(step.to_vec());
    assert_eq!(heard(&ear), Vec::<String>::new());
    assert_eq!(hub.tracked().prefixes, 1);
}

#[test]
fn another_is_told_until_it_goes() {
    let hub = hub();
    let (ear, target) = (tracker(&hub, &Terms::default()), Ear::new());
    ear.track(&Terms::default(), Some((33, &target))).unwrap();
    let one = number(&hub, &ear);
    hub.tell_trackers(vec![read(one, "a"), changed(one, "a")]);
    assert_eq!(heard(&ear), Vec::<String>::new());
    let Ok(Some(Message::Stale { is_redirected, .. })) = target.try_hear() else { panic!("nothing came") };
    assert!(is_redirected);
    drop(target);
    assert!(!ear.tracked().unwrap().is_broken);
    hub.tell_trackers(vec![read(one, "a"), changed(one, "a")]);
    assert_eq!(heard(&ear), ["RedirectBroken(33)"]);
    assert!(ear.tracked().unwrap().is_broken);
    ear.track(&Terms::default(), None).unwrap();
    assert!(!ear.tracked().unwrap().is_broken);
}

#[test]
fn who_goes_is_told_no_more_and_the_last_takes_all_with_it() {
    let hub = hub();
    let (ear, other) = (tracker(&hub, &Terms::default()), tracker(&hub, &broadcast(&["x"])));
    let one = number(&hub, &ear);
    hub.tell_trackers(vec![read(one, "a")]);
    drop(ear);
    assert_eq!(hub.tracked(), TrackedCounts { clients: 1, keys: 1, copies: 1, prefixes: 1 });
    hub.tell_trackers(vec![read(one, "b")]);
    assert_eq!(hub.tracked().keys, 1, "who has gone reads nothing");
    assert!(hub.is_attended());
    drop(other);
    assert_eq!(hub.tracked(), TrackedCounts::default());
    assert!(!hub.is_attended());
}

/// A hub of another database knows nothing of it.
#[test]
fn who_goes_to_another_hub_is_forgotten_by_the_first() {
    let (here, there) = (hub(), hub());
    let ear = tracker(&here, &Terms::default());
    assert_eq!(there.reader(&ear), None);
    there.join(&ear);
    assert!(!here.has_trackers());
    assert_eq!(ear.tracked(), None);
}

#[test]
fn what_is_given_up_is_told() {
    let hub = hub();
    let ear = tracker(&hub, &Terms::default());
    let one = number(&hub, &ear);
    let long = "x".repeat(crate::limits::COPIES_BYTES_MAX / 4);
    let keys: Vec<String> = (0..4).map(|n| format!("{n}{long}")).collect();
    hub.tell_trackers(keys.iter().map(|key| read(one, key)).collect());
    assert_eq!((heard(&ear).len(), hub.tracked().keys), (1, 3));
}

/// Instead of being given up, it gives up its copies.
#[test]
fn who_does_not_keep_up_is_told_that_everything_is_stale() {
    let hub = hub();
    let ear = tracker(&hub, &broadcast(&["k"]));
    hub.subscribe(&ear, Scope::Channel, &["c".into()]).unwrap();
    for n in 0..=MAILBOX_MESSAGES_MAX {
        hub.tell_trackers(vec![changed(0, &format!("k{n}"))]);
    }
    hub.tell_trackers(vec![changed(0, "k")]);
    assert_eq!(heard(&ear), ["*", "k"]);
}

#[test]
fn prefixes_are_bounded() {
    let hub = hub();
    let many: Vec<String> = (0..=PREFIXES_PER_EAR_MAX).map(|n| format!("{n:03}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let long = "x".repeat(PREFIX_BYTES_MAX + 1);
    let ear = tracker(&hub, &broadcast(&["a"]));
    assert_eq!(ear.track(&broadcast(&many), None), Err(Full::Listener));
    assert_eq!(ear.track(&broadcast(&[&long]), None), Err(Full::Name));
    let mut others = Vec::new();
    let filled = loop {
        let other = Ear::new();
        hub.join(&other);
        let own: Vec<String> = (0..100).map(|n| format!("{}:{n}", others.len())).collect();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        match other.track(&broadcast(&own), None) {
            Ok(()) => others.push(other),
            Err(full) => break full,
        }
    };
    assert_eq!(filled, Full::Database);
    assert_eq!(hub.tracked().prefixes, 1 + others.len() * 100);
    assert_eq!(ear.tracked().unwrap().prefixes, [Str::from("a")], "what is refused changes nothing");
}
