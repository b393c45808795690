//! What listeners hear, and what they cost.

mod model;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;

use crate::limits::{
    MAILBOX_BYTES_MAX, MAILBOX_MESSAGES_MAX, OUTBOX_BYTES_MAX, PATTERN_BYTES_MAX, SUBSCRIPTIONS_PER_EAR_MAX,
};
use crate::{Ear, Full, Hub, Message, Outbox, Scope, TooSlow};

fn names(line: &str) -> Vec<Bytes> {
    line.split(' ').map(|name| Bytes::copy_from_slice(name.as_bytes())).collect()
}

/// Publishes at once; how many heard it.
fn publish(hub: &Arc<Hub>, channel: &str, payload: &str) -> usize {
    let mut outbox = Outbox::new(Arc::clone(hub));
    let heard = outbox.publish(Scope::Channel, channel.as_bytes(), payload.as_bytes());
    outbox.send();
    heard.expect("not too much")
}

/// All that waits, as `via>channel:payload`.
fn heard(ear: &Ear) -> Vec<String> {
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    std::iter::from_fn(|| ear.try_hear().expect("it keeps up"))
        .map(|message| match message {
            Message::Channel(news) => format!("{}:{}", text(&news.channel), text(&news.payload)),
            Message::Pattern(pattern, news) => {
                format!("{}>{}:{}", text(&pattern), text(&news.channel), text(&news.payload))
            }
            Message::Shard(news) => format!("shard {}:{}", text(&news.channel), text(&news.payload)),
            Message::Line(line) => text(&line),
        })
        .collect()
}

fn hub() -> Arc<Hub> {
    Arc::new(Hub::new(7))
}

#[test]
fn everybody_hears_what_they_listen_on_and_nothing_else() {
    let (hub, one, two) = (hub(), Ear::new(), Ear::new());
    assert_eq!(hub.subscribe(&one, Scope::Channel, &names("a b a")), Ok(vec![1, 2, 2]));
    assert_eq!(hub.subscribe(&one, Scope::Pattern, &names("a*")), Ok(vec![3]));
    assert_eq!(hub.subscribe(&one, Scope::Shard, &names("a")), Ok(vec![1]));
    assert_eq!(hub.subscribe(&two, Scope::Pattern, &names("?")), Ok(vec![1]));
    assert_eq!(publish(&hub, "a", "1"), 3);
    assert_eq!(publish(&hub, "ab", "2"), 1);
    assert_eq!(publish(&hub, "other", "3"), 0);
    let mut outbox = Outbox::new(Arc::clone(&hub));
    assert_eq!(outbox.publish(Scope::Shard, b"a", b"4"), Some(1));
    outbox.send();
    assert_eq!(heard(&one), ["a:1", "a*>a:1", "a*>ab:2", "shard a:4"]);
    assert_eq!(heard(&two), ["?>a:1"]);
}

#[test]
fn who_stops_listening_is_counted_no_more() {
    let (hub, ear) = (hub(), Ear::new());
    hub.subscribe(&ear, Scope::Channel, &names("a b c")).unwrap();
    hub.subscribe(&ear, Scope::Pattern, &names("p*")).unwrap();
    let stopped = ear.unsubscribe(Scope::Channel, &names("b x"));
    assert_eq!(stopped, [(Bytes::from("b"), 3), (Bytes::from("x"), 3)]);
    let stopped = ear.unsubscribe(Scope::Channel, &[]);
    assert_eq!(stopped, [(Bytes::from("a"), 2), (Bytes::from("c"), 1)]);
    assert_eq!(ear.unsubscribe(Scope::Channel, &[]), []);
    assert!(ear.is_listening() && hub.has_listeners());
    assert_eq!(ear.unsubscribe(Scope::Pattern, &[]), [(Bytes::from("p*"), 0)]);
    assert!(!ear.is_listening() && !hub.has_listeners());
    assert_eq!(publish(&hub, "a", "1"), 0);
    assert_eq!(Ear::new().unsubscribe(Scope::Channel, &names("a")), [(Bytes::from("a"), 0)]);
}

#[test]
fn an_ear_that_is_dropped_is_forgotten_at_once() {
    let (hub, stays, goes) = (hub(), Ear::new(), Ear::new());
    for ear in [&stays, &goes] {
        hub.subscribe(ear, Scope::Channel, &names("a")).unwrap();
    }
    hub.subscribe(&goes, Scope::Pattern, &names("*")).unwrap();
    hub.monitor(&goes);
    assert_eq!((publish(&hub, "a", "1"), hub.names(Scope::Pattern), hub.has_monitors()), (3, 1, true));
    drop(goes);
    assert_eq!((publish(&hub, "a", "1"), hub.names(Scope::Pattern), hub.has_monitors()), (1, 0, false));
    assert_eq!(hub.listeners_on(Scope::Channel, b"a"), 1);
    drop(stays);
    assert!(hub.channels(Scope::Channel, None).is_empty());
    let state = format!("{hub:?}");
    assert!(state.contains("subscriptions: 0") && state.contains("name_bytes: 0"), "{state}");
}

#[test]
fn an_ear_listens_to_one_hub_at_a_time() {
    let (first, second, ear) = (hub(), hub(), Ear::new());
    first.subscribe(&ear, Scope::Channel, &names("a")).unwrap();
    second.subscribe(&ear, Scope::Channel, &names("a")).unwrap();
    assert_eq!((publish(&first, "a", "1"), publish(&second, "a", "2")), (0, 1));
    assert_eq!(heard(&ear), ["a:2"]);
}

#[test]
fn channels_are_listed_by_pattern() {
    let (hub, ear) = (hub(), Ear::new());
    hub.subscribe(&ear, Scope::Channel, &names("news:a news:b other")).unwrap();
    let mut listed = hub.channels(Scope::Channel, Some(b"news:*"));
    listed.sort();
    assert_eq!(listed, names("news:a news:b"));
    assert_eq!(hub.channels(Scope::Channel, None).len(), 3);
    assert!(hub.channels(Scope::Shard, None).is_empty());
}

#[test]
fn monitors_hear_lines() {
    let (hub, ear) = (hub(), Ear::new());
    hub.monitor(&ear);
    hub.tell_monitors("line".into());
    assert_eq!(heard(&ear), ["line"]);
    assert!(ear.is_monitoring() && ear.is_listening() && ear.subscribed() == [0; 3]);
    assert_eq!(hub.subscribers(), 0);
    ear.unsubscribe(Scope::Channel, &[]);
    assert!(hub.has_monitors());
    drop(ear);
    assert!(!hub.has_monitors());
}

#[test]
fn a_listener_that_does_not_keep_up_is_dropped() {
    let (hub, slow, fast) = (hub(), Ear::new(), Ear::new());
    for ear in [&slow, &fast] {
        hub.subscribe(ear, Scope::Channel, &names("a")).unwrap();
    }
    let half = "x".repeat(MAILBOX_BYTES_MAX / 2);
    assert_eq!(publish(&hub, "a", &half), 2);
    assert_eq!(fast.try_hear().map(|message| message.is_some()), Ok(true));
    assert_eq!(publish(&hub, "a", &half), 2);
    assert_eq!(slow.try_hear(), Err(TooSlow));
    assert_eq!(hub.listeners_on(Scope::Channel, b"a"), 1);
    assert_eq!(publish(&hub, "a", "1"), 1);
}

#[test]
fn small_messages_are_bounded_by_number() {
    let (hub, ear) = (hub(), Ear::new());
    hub.subscribe(&ear, Scope::Channel, &names("a")).unwrap();
    let published = (0..=MAILBOX_MESSAGES_MAX).filter(|_| publish(&hub, "a", "") == 1).count();
    assert_eq!(published, MAILBOX_MESSAGES_MAX + 1);
    assert_eq!(ear.try_hear(), Err(TooSlow));
    assert!(!hub.has_listeners());
}

#[test]
fn subscriptions_are_bounded() {
    let (hub, ear) = (hub(), Ear::new());
    let many: Vec<Bytes> = (0..SUBSCRIPTIONS_PER_EAR_MAX).map(|n| Bytes::from(n.to_string())).collect();
    assert_eq!(hub.subscribe(&ear, Scope::Channel, &many).unwrap().last(), Some(&many.len()));
    assert_eq!(hub.subscribe(&ear, Scope::Shard, &names("one-more")), Err(Full::Listener));
    let long = vec![Bytes::from(vec![b'x'; PATTERN_BYTES_MAX + 1])];
    assert_eq!(hub.subscribe(&Ear::new(), Scope::Pattern, &long), Err(Full::Name));
    assert_eq!(hub.listeners_on(Scope::Shard, b"one-more"), 0);
    let others: Vec<Ear> = (0..9).map(|_| Ear::new()).collect();
    for other in &others {
        hub.subscribe(other, Scope::Channel, &many).unwrap();
    }
    let last = Ear::new();
    assert_eq!(hub.subscribe(&last, Scope::Channel, &names("a")), Err(Full::Database));
    drop(others);
    assert_eq!(hub.subscribe(&last, Scope::Channel, &names("a")), Ok(vec![1]));
}

#[test]
fn what_is_taken_back_was_never_said() {
    let (hub, ear) = (hub(), Ear::new());
    hub.subscribe(&ear, Scope::Channel, &names("a")).unwrap();
    let mut outbox = Outbox::new(Arc::clone(&hub));
    outbox.publish(Scope::Channel, b"a", b"1");
    let mark = outbox.mark();
    outbox.publish(Scope::Channel, b"a", b"2");
    outbox.go_back(mark);
    outbox.publish(Scope::Channel, b"a", b"3");
    assert_eq!(heard(&ear), [""; 0]);
    outbox.send();
    outbox.send();
    assert_eq!(heard(&ear), ["a:1", "a:3"]);
}

#[test]
fn one_step_cannot_publish_without_end() {
    let (hub, ear) = (hub(), Ear::new());
    hub.subscribe(&ear, Scope::Channel, &names("a")).unwrap();
    let mut outbox = Outbox::new(Arc::clone(&hub));
    let half = vec![b'x'; OUTBOX_BYTES_MAX / 2];
    assert_eq!(outbox.publish(Scope::Channel, b"a", &half), Some(1));
    assert_eq!(outbox.publish(Scope::Channel, b"a", &half), None);
    assert_eq!(outbox.publish(Scope::Channel, b"nobody", &half), Some(0));
}

/// Counts how often it is woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn who_waits_is_woken_once_for_several_messages() {
    let (hub, ear, bell) = (hub(), Ear::new(), Arc::new(Bell::default()));
    let waker = Waker::from(Arc::clone(&bell));
    let context = Context::from_waker(&waker);
    hub.subscribe(&ear, Scope::Channel, &names("a")).unwrap();
    assert_eq!(ear.poll_hear(&context), Poll::Pending);
    publish(&hub, "a", "1");
    publish(&hub, "a", "2");
    assert_eq!(bell.0.load(Relaxed), 1);
    assert_eq!(heard(&ear), ["a:1", "a:2"]);
    assert_eq!(ear.poll_hear(&context), Poll::Pending);
}

/// Dropping an ear from within its own waker must not lock up: the hub holds no lock then.
struct Drops(parking_lot::Mutex<Option<Ear>>);

impl Wake for Drops {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().take());
    }
}

#[test]
fn a_waker_may_drop_the_ear() {
    let (hub, ear) = (hub(), Ear::new());
    hub.subscribe(&ear, Scope::Channel, &names("a")).unwrap();
    let drops = Arc::new(Drops(parking_lot::Mutex::new(None)));
    let waker = Waker::from(Arc::clone(&drops));
    assert_eq!(ear.poll_hear(&Context::from_waker(&waker)), Poll::Pending);
    *drops.0.lock() = Some(ear);
    assert_eq!(publish(&hub, "a", "1"), 1);
    assert!(!hub.has_listeners());
}
