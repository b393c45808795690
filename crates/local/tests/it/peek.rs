//! Reads of a database that is not awake yet.

use latchkey_engine::Now;
use latchkey_journal::Disk;
use latchkey_journal::sim::SimDisk;
use latchkey_journal::sim::gate::{Gate, GatedDisk, Operation};
use latchkey_keyspace::Keyspace;
use latchkey_keyspace::value::Text;
use latchkey_keyspace::value::list::End;
use latchkey_local::Settings;
use latchkey_pipeline::{Replies, Shape};
use latchkey_protocol::Reply;

use crate::listening::{heard, listen};
use crate::support::Scene;
use crate::{bulk, poll};

const KEYS: usize = 20_000;
const NOW: Now = Now::from_ms(1_700_000_000_000);

/// A disk with a database of 2 MB that do not compress.
fn disk() -> SimDisk {
    let disk = SimDisk::new(1);
    let mut keyspace = Keyspace::new(3);
    let mut chance = fastrand::Rng::with_seed(4);
    let mut edit = keyspace.edit(NOW);
    for key in 0..KEYS {
        let value: Vec<u8> = std::iter::repeat_with(|| chance.u8(..)).take(100).collect();
        edit.put(format!("key:{key}").as_bytes(), Text::from(&value[..]));
    }
    edit.put(b"greeting", Text::from(&b"hello"[..]));
    edit.put_with(b"brief", Text::from(&b"gone soon"[..]), Some(NOW.ms() + 10));
    edit.list_or_new(b"list").unwrap().push(End::Back, vec!["a".into(), "b".into()]);
    latchkey_storage::import(&disk, [1; 16], &keyspace, 0).expect("the disk is whole");
    disk
}

fn awake(scene: &Scene) -> usize {
    scene.local.stored_bytes().len()
}

fn is_error(reply: &Reply, with: &str) -> bool {
    matches!(reply, Reply::Error(error) if error.text().starts_with(with))
}

/// A scene in which nobody is woken while the gate is shut: only a waking reads several blocks of a snapshot at once.
fn scene_with_a_gate() -> (Scene, Gate) {
    const SEVERAL_BLOCKS: usize = 400 << 10;
    let gate = Gate::default();
    let disk = GatedDisk::new(&disk(), &gate, |path, operation| {
        let is_snapshot = path.extension().is_some_and(|extension| extension == "snap");
        is_snapshot && matches!(operation, Operation::Read(bytes) if bytes > SEVERAL_BLOCKS)
    });
    (Scene::on(&disk, Settings::default()), gate)
}

/// Goal: reads of some keys do not wait for a waking, which is held up here; all else does, and misses nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_answered_before_the_database_is_awake() {
    let (scene, gate) = scene_with_a_gate();
    let _shut = gate.shut();
    let mut write = scene.send(1, Shape::One, &["APPEND greeting !"]);
    let mut size = scene.send(1, Shape::One, &["DBSIZE"]);
    let mut pipeline = scene.send(1, Shape::Pipeline, &["GET greeting", "TTL greeting"]);
    let mut transaction = scene.send(1, Shape::Atomic, &["GET greeting"]);
    let mut script = scene.send(1, Shape::One, &["EVAL_RO return#KEYS 1 greeting"]);
    for waiting in [&mut write, &mut size, &mut pipeline, &mut transaction, &mut script] {
        assert!(poll(waiting).is_none());
    }

    for shape in [Shape::Pipeline, Shape::Stream] {
        let Replies::Many(replies) = scene.send(1, shape, &["GET greeting"]).await.replies else {
            panic!("{shape:?}")
        };
        assert_eq!(replies.iter().collect::<Vec<_>>(), [&bulk("hello")]);
    }
    assert_eq!(scene.kept(1, "GET greeting").await, bulk("hello"));
    assert_eq!(scene.kept(1, "GET nothing").await, Reply::Null);
    assert_eq!(scene.kept(1, "STRLEN key:777").await, Reply::Int(100));
    assert_eq!(scene.kept(1, "MGET greeting nothing").await, Reply::Array(vec![bulk("hello"), Reply::Null]));
    assert_eq!(scene.kept(1, "LRANGE list 0 -1").await, Reply::Array(vec![bulk("a"), bulk("b")]));
    assert!(is_error(&scene.kept(1, "GET list").await, "WRONGTYPE"));
    assert_eq!(scene.kept(1, "EXISTS brief brief").await, Reply::Int(2));
    scene.clock.pass_us(11_000);
    assert_eq!(scene.kept(1, "EXISTS brief").await, Reply::Int(0), "its deadline has passed");
    assert_eq!(awake(&scene), 0, "nobody has opened the gate");
    assert!(poll(&mut write).is_none());

    gate.open();
    assert!(matches!(write.await.replies, Replies::One(Reply::Int(6))));
    assert_eq!(awake(&scene), 1);
    assert_eq!(scene.kept(1, "GET greeting").await, bulk("hello!"));
    let Replies::One(Reply::Int(size)) = size.await.replies else { panic!("no size") };
    assert!(size >= KEYS as i64, "{size}");
    for several in [pipeline, transaction] {
        let Replies::Many(replies) = several.await.replies else { panic!("refused") };
        assert_eq!(replies[0], bulk("hello!"));
    }
    assert!(matches!(script.await.replies, Replies::One(Reply::Int(1))));
}

/// Goal: a database that was only read before it was awake does not fall asleep for that.
#[tokio::test(flavor = "multi_thread")]
async fn a_waking_goes_on_when_the_read_that_caused_it_is_answered() {
    let (scene, gate) = scene_with_a_gate();
    let _shut = gate.shut();
    assert_eq!(scene.kept(1, "GET greeting").await, bulk("hello"));
    gate.open();
    // It waits for the waking that has begun.
    assert!(matches!(scene.kept(1, "DBSIZE").await, Reply::Int(_)));
    scene.local.tend().await;
    assert_eq!(awake(&scene), 1);
}

/// Goal: where there is no memory for a database, its keys can be read all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_for_which_there_is_no_memory_can_be_read() {
    let settings = Settings { memory_bytes_max: Some(1 << 20), ..Settings::default() };
    let scene = Scene::on(&disk(), settings);
    assert_eq!(scene.kept(1, "GET greeting").await, bulk("hello"));
    let refused = scene.kept(1, "SET greeting 1").await;
    assert!(is_error(&refused, "OOM the server has no memory"), "{refused:?}");
    assert_eq!(scene.kept(1, "STRLEN key:5").await, Reply::Int(100));
}

/// Goal: once a file is known to be damaged, no key of the database is shown, wherever it is.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_of_a_database_that_cannot_be_woken() {
    let disk = disk();
    let file = std::path::Path::new("db/01/01010101010101010101010101010101/0000000000000001.snap");
    let bytes = disk.open(file).unwrap().len().unwrap();
    let scene = Scene::on(&disk, Settings::default());
    assert!(disk.flip_bit(file, bytes / 2 * 8));
    let refusal = scene.kept(1, "SET greeting 1").await;
    assert!(is_error(&refusal, "ERR the files of this database cannot be read"), "{refusal:?}");
    scene.local.tend().await;
    for key in 0..32 {
        let refusal = scene.kept(1, &format!("STRLEN key:{key}")).await;
        assert!(is_error(&refusal, "ERR the files of this database cannot be read"), "{refusal:?}");
    }
    assert!(disk.flip_bit(file, bytes / 2 * 8), "somebody has repaired it");
    assert_eq!(scene.kept(1, "SET greeting 1").await, Reply::OK);
}

/// Goal: whoever listens hears of a key that is missed, also if the database has left the memory meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_miss_that_somebody_listens_to_is_told() {
    let scene = Scene::on(&disk(), Settings { memory_bytes_max: Some(6 << 20), ..Settings::default() });
    assert_eq!(scene.kept(1, "CONFIG SET notify-keyspace-events Em").await, Reply::OK);
    let ear = listen(&scene, 1, "SUBSCRIBE __keyevent@0__:keymiss").await;
    let large = format!("SET k {}", "x".repeat(3 << 20));
    assert_eq!(scene.kept(2, &large).await, Reply::OK);
    scene.local.tend().await;
    assert_eq!(awake(&scene), 1, "there is no room for both");
    assert_eq!(scene.kept(1, "GET nothing").await, Reply::Null);
    assert_eq!(heard(&ear), ["nothing"]);
}
