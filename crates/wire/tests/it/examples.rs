//! The example of every command that belongs to a connection, step by step on real sockets.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use latchkey_commands::{Call, Example, Run, Samples, Step, commands};
use latchkey_protocol::resp::split_line;
use latchkey_wire::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::rig::{Client, Rig, TOKEN};

/// What `redis-cli` prints where nothing more will come.
const CLOSED: &str = "Error: Server closed the connection";

/// The documentation shows examples, so they have to be true. Nothing else is told than what they say.
#[tokio::test]
async fn every_example_of_a_connection_holds() {
    let all = commands().iter().flat_map(|command| std::iter::once(command).chain(command.subcommands()));
    for command in all.filter(|command| matches!(command.spec.run, Run::Session)) {
        let mut scene = Scene::of(command.spec.example).await;
        let mut steps = command.spec.example.steps().into_iter().peekable();
        while let Some(step) = steps.next() {
            scene.play(&command.full_name(), step, steps.peek()).await;
        }
        scene.end(&command.full_name()).await;
    }
}

/// A server of its own, and the connections of an example, which have authenticated.
struct Scene {
    rig: Rig,
    clients: BTreeMap<&'static str, Client>,
    samples: Samples,
}

impl Scene {
    async fn of(example: Example) -> Self {
        let settings = Settings { refusal_delay: Duration::from_millis(1), ..Settings::default() };
        let rig = Rig::start_with(settings, None).await;
        let mut clients = BTreeMap::new();
        for step in example.steps() {
            if let Step::Send { who, .. } = step {
                clients.insert(who, rig.client().await);
            }
        }
        let mut samples = Samples::default();
        samples.insert("token", TOKEN);
        Self { rig, clients, samples }
    }

    async fn play(&mut self, name: &str, step: Step<'static>, next: Option<&Step<'static>>) {
        match step {
            Step::Send { who, line } => {
                let is_answered = matches!(next, Some(Step::Hear { who: next, .. }) if *next == who);
                self.send(who, &self.samples.fill(line), is_answered).await;
            }
            Step::Hear { who, text } => {
                let heard = heard(self.clients.get_mut(who).unwrap()).await;
                let settled = self.samples.settle(&text, &heard);
                assert!(settled.is_some(), "{name}: {who}< {heard}, but the example has {text}");
            }
            Step::Pass { .. } => panic!("{name}: time cannot be made to pass here"),
        }
    }

    /// Sends a line. If it is to wait, what follows is sent when it does.
    async fn send(&mut self, who: &str, line: &str, is_answered: bool) {
        let client = self.clients.get_mut(who).unwrap();
        client.send(format!("{line}\r\n")).await;
        let call = Call::resolve(split_line(line.as_bytes()).unwrap());
        if !is_answered && call.is_ok_and(|call| call.command().spec.waits.is_some()) {
            self.rig.until_waiting(1).await;
        }
    }

    /// Nobody is told anything more.
    async fn end(self, name: &str) {
        for (who, mut client) in self.clients {
            drop(client.stream.shutdown().await); // it may be closed already
            assert_eq!(client.read_to_end().await, "", "{name}, {who}");
        }
    }
}

/// The next reply or message as `redis-cli` prints it, without what its lines are indented by.
fn heard(client: &mut Client) -> Pin<Box<dyn Future<Output = String> + '_>> {
    Box::pin(async move {
        let Ok(kind) = client.stream.read_u8().await else { return CLOSED.into() };
        let line = client.line().await;
        match (kind, line.as_str()) {
            (b'+', status) => status.to_owned(),
            (b'-', error) => format!("(error) {error}"),
            (b':', number) => format!("(integer) {number}"),
            (b'$' | b'*', "-1") => "(nil)".into(),
            (b'$', length) => string(client, length.parse().unwrap()).await,
            (b'*', "0") => "(empty array)".into(),
            (b'*', count) => list(client, count.parse().unwrap()).await,
            (other, line) => panic!("{} {line} is not RESP2", other.escape_ascii()),
        }
    })
}

async fn string(client: &mut Client, length: usize) -> String {
    let mut bytes = vec![0; length + 2];
    client.stream.read_exact(&mut bytes).await.unwrap();
    format!("{:?}", str::from_utf8(&bytes[..length]).unwrap())
}

async fn list(client: &mut Client, count: usize) -> String {
    let mut items = Vec::new();
    for number in 1..=count {
        items.push(format!("{number}) {}", heard(client).await));
    }
    items.join("\n")
}
