//! Files of the log and of databases that were damaged: a node starts or refuses to, and what it reads is sound.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use latchkey_journal::sim::{Loss, SimDisk};
use latchkey_journal::{Disk, Frame, KIND_EFFECTS, Lsn, Scanner, decode, scan};
use latchkey_keyspace::value::Text;
use latchkey_keyspace::{Keyspace, Now};
use latchkey_storage::{Durability, Settings, Storage};

use crate::heap;
use crate::input::Input;

const SALT: u64 = 7;
const DATABASE: [u8; 16] = [1; 16];
const LOG: &str = "log";
const NOW: Now = Now::from_ms(1_767_323_045_678);

/// Files are read whole, and what is in them is decoded.
const HEAP_BYTES_MAX: usize = 16 << 20;

/// The first byte chooses between frames in memory and files on a disk.
pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let work = if input.byte() & 1 == 0 { scan_bytes } else { read_files };
    heap::within(HEAP_BYTES_MAX, || work(&mut input));
}

/// Frames and other bytes one after the other, as the input says.
fn scan_bytes(input: &mut Input<'_>) {
    let mut bytes = Vec::new();
    let mut lsn = Lsn::NONE;
    while !input.is_empty() {
        let choice = input.byte();
        let piece = input.piece(usize::from(choice >> 2));
        if choice & 1 == 0 {
            bytes.extend_from_slice(piece);
        } else {
            lsn = lsn.next();
            let (kind, flags) = (KIND_EFFECTS, choice & 2);
            Frame { lsn, database: DATABASE, seq: lsn.0, kind, flags, payload: piece.to_vec() }
                .as_frame_ref()
                .encode(SALT, &mut bytes);
        }
    }
    check_scan(&bytes);
}

/// Every frame is one when it stands alone, and the end is where they end.
fn check_scan(bytes: &[u8]) {
    let mut scanner = Scanner::new(bytes, SALT);
    while let Some(frame) = scanner.next() {
        let mut alone = Vec::new();
        frame.encode(SALT, &mut alone);
        assert_eq!(decode(&alone, SALT), Ok(frame));
        assert!(scanner.offset() <= bytes.len());
    }
    assert_eq!(scanner.end().offset(), scanner.offset());
}

/// A disk with a log, a snapshot and a tail, changed as the input says.
fn read_files(input: &mut Input<'_>) {
    static FILES: LazyLock<Vec<(PathBuf, Vec<u8>)>> = LazyLock::new(sound_files);
    let mut files = FILES.clone();
    while !input.is_empty() {
        let (_, contents) = &mut files[input.below(FILES.len())];
        damage(contents, input);
    }
    let disk = disk_of(&files);
    let _damaged_or_not = scan(&disk, Path::new(LOG));
    let mut settings = settings();
    settings.journal.has_threads = false;
    if let Ok((storage, _)) = Storage::open(Arc::new(disk), settings, |_| {})
        && let Ok((keyspace, _shelf)) = storage.wake(DATABASE, Durability::Always, 1)
    {
        assert_eq!(keyspace.bytes(), keyspace.recount_bytes());
    }
}

/// Flips, overwrites, cuts or lengthens.
fn damage(contents: &mut Vec<u8>, input: &mut Input<'_>) {
    let choice = input.byte();
    let at = usize::from(u16::from_le_bytes([input.byte(), input.byte()])) % contents.len().max(1);
    let piece = input.piece(usize::from(choice >> 2));
    match choice & 3 {
        0 => contents.truncate(at),
        1 => contents.extend_from_slice(piece),
        2 => contents.iter_mut().skip(at).zip(piece).for_each(|(byte, change)| *byte ^= change),
        _ => contents.iter_mut().skip(at).zip(piece).for_each(|(byte, change)| *byte = *change),
    }
}

fn disk_of(files: &[(PathBuf, Vec<u8>)]) -> SimDisk {
    let disk = SimDisk::new(1);
    for (path, contents) in files {
        let directory = path.parent().expect("every file is in a directory");
        disk.create_dir(directory).expect("the disk works");
        disk.create(path).and_then(|file| file.write_at(contents, 0)).expect("the disk works");
    }
    disk
}

/// What a node leaves that ends while a database is awake, without the empty ends of its log's segments.
fn sound_files() -> Vec<(PathBuf, Vec<u8>)> {
    let disk = SimDisk::new(5);
    let as_disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let (storage, _) = Storage::open(as_disk, settings(), |_| {}).expect("an empty disk");
    let (mut keyspace, mut shelf) = storage.wake(DATABASE, Durability::Always, 1).expect("nothing is stored");
    for number in 0..8_u8 {
        let record = step(&mut keyspace, number);
        let lsn = shelf.append(&record);
        storage.journal().wait_blocking(lsn).expect("the disk works");
        if number == 3 {
            storage.compact(DATABASE, NOW.ms()).expect("the disk works");
        }
    }
    let after = disk.crash(Loss::Nothing);
    let directory = Path::new("db/01/01010101010101010101010101010101");
    let names = |directory: &Path| after.list(directory).expect("the disk works");
    let paths = [Path::new(LOG), directory]
        .map(|directory| names(directory).into_iter().map(|name| directory.join(name)).collect::<Vec<_>>());
    let files = paths.concat().into_iter();
    files.map(|path| (path.clone(), after.contents(&path).expect("it was listed"))).collect()
}

/// Changes a key; the record of that.
fn step(keyspace: &mut Keyspace, number: u8) -> Vec<u8> {
    keyspace.begin_record();
    keyspace.edit(NOW).put(&[b'k', number % 3], Text::from(vec![number; 20]));
    keyspace.take_record().bytes().to_vec()
}

/// Settings under which small things are large.
fn settings() -> Settings {
    let mut settings = Settings::new(1);
    settings.journal.segment_bytes = 4096 + 1024;
    settings.journal.free_bytes_min = 0;
    settings.chunk_bytes = 100;
    settings.free_bytes_min = 0;
    settings
}
