//! What becomes of connections when the server stops.

use std::time::Duration;

use crate::support::{PATIENCE, Served, post};
use latchkey_http::Settings;
use tokio::net::TcpStream;
use tokio::time::timeout;

fn patient() -> Settings {
    Settings { drain_timeout: PATIENCE * 2, ..Settings::default() }
}

#[tokio::test]
async fn what_was_begun_is_finished_and_what_is_idle_is_closed() {
    let served = Served::start(patient()).await;
    let (mut busy, mut idle) = (served.client().await, served.client().await);
    assert_eq!(idle.ask(post("/", r#"["PING"]"#)).await.status, 200);
    let mut silent = served.client().await; // has never said anything
    busy.send(post("/", r#"["WAIT"]"#)).await;
    served.gate.reached.notified().await;

    let (gate, address) = (std::sync::Arc::clone(&served.gate), served.address);
    let stopping = served.stop();
    assert_eq!((idle.rest().await, silent.rest().await), (String::new(), String::new()));
    assert!(!stopping.is_finished(), "a request is on its way");
    assert!(TcpStream::connect(address).await.is_err(), "nobody is let in any more");
    gate.open.notify_one();
    assert_eq!(busy.response().await.text(), r#"{"result":"OK"}"#);
    assert_eq!(busy.rest().await, "");
    timeout(PATIENCE, stopping).await.expect("stops as soon as nothing is left").unwrap();
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut() {
    let served =
        Served::start(Settings { drain_timeout: Duration::from_millis(50), ..Settings::default() }).await;
    let mut busy = served.client().await;
    busy.send(post("/", r#"["WAIT"]"#)).await;
    served.gate.reached.notified().await;
    timeout(PATIENCE, served.stop()).await.expect("waits no longer than it may").unwrap();
    assert_eq!(busy.rest().await, "");
}
