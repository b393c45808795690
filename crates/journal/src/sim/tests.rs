use super::*;

const LOSSES: [Loss; 4] = [Loss::All, Loss::Nothing, Loss::Torn, Loss::Scattered];

/// A disk with one durable file of `sectors` sectors of ones.
fn disk_with_file(seed: u64, sectors: usize) -> (SimDisk, Arc<dyn DiskFile>) {
    let disk = SimDisk::new(seed);
    disk.create_dir(Path::new("d")).unwrap();
    disk.sync_dir(Path::new("")).unwrap();
    let file = disk.create(Path::new("d/f")).unwrap();
    file.write_at(&vec![1; sectors * SECTOR_BYTES], 0).unwrap();
    file.sync().unwrap();
    disk.sync_dir(Path::new("d")).unwrap();
    (disk, file)
}

fn sectors_of_twos(disk: &SimDisk) -> Vec<bool> {
    let bytes = disk.contents(Path::new("d/f")).unwrap();
    bytes.chunks(SECTOR_BYTES).map(|sector| sector == [2; SECTOR_BYTES]).collect()
}

#[test]
fn what_was_synced_survives_any_crash() {
    for loss in LOSSES {
        let (disk, _) = disk_with_file(1, 4);
        let next = disk.crash(loss).crash(loss);
        assert_eq!(next.contents(Path::new("d/f")).unwrap(), vec![1; 4 * SECTOR_BYTES], "{loss:?}");
    }
}

#[test]
fn what_was_not_synced_is_lost_kept_torn_or_scattered() {
    let after = |loss, seed| {
        let (disk, file) = disk_with_file(seed, 8);
        file.write_at(&[2; 8 * SECTOR_BYTES], 0).unwrap();
        let next = disk.crash(loss);
        (sectors_of_twos(&next), next.fired())
    };
    assert_eq!(after(Loss::All, 1).0, [false; 8]);
    assert_eq!(after(Loss::Nothing, 1).0, [true; 8]);
    let torn: Vec<_> = (0..32).map(|seed| after(Loss::Torn, seed)).collect();
    assert!(torn.iter().all(|(sectors, _)| sectors.is_sorted_by(|one, next| one >= next)));
    assert!(torn.iter().any(|(_, fired)| fired.files_torn == 1));
    let scattered: Vec<_> = (0..32).map(|seed| after(Loss::Scattered, seed)).collect();
    assert!(scattered.iter().any(|(sectors, _)| !sectors.is_sorted_by(|one, next| one >= next)));
    assert!(scattered.iter().all(|(_, fired)| fired.sectors_kept + fired.sectors_lost == 8));
}

#[test]
fn an_unsynced_length_is_lost_like_bytes() {
    let length_after = |loss, bytes| {
        let (disk, file) = disk_with_file(1, 4);
        file.set_len(bytes).unwrap();
        disk.crash(loss).contents(Path::new("d/f")).unwrap().len()
    };
    for bytes in [0, 100, 10_000] {
        assert_eq!(length_after(Loss::All, bytes), 4 * SECTOR_BYTES);
        assert_eq!(length_after(Loss::Nothing, bytes), bytes as usize);
    }
}

#[test]
fn a_name_survives_when_its_directory_was_synced() {
    let there_after = |loss, is_synced: bool| {
        let (disk, _) = disk_with_file(1, 1);
        disk.create(Path::new("d/new")).unwrap();
        disk.rename(Path::new("d/f"), Path::new("d/g")).unwrap();
        if is_synced {
            disk.sync_dir(Path::new("d")).unwrap();
        }
        disk.crash(loss).list(Path::new("d")).unwrap()
    };
    for loss in LOSSES {
        assert_eq!(there_after(loss, true), ["g", "new"], "{loss:?}");
    }
    assert_eq!(there_after(Loss::All, false), ["f"]);
    assert_eq!(there_after(Loss::Nothing, false), ["g", "new"]);
}

/// A name that a crash took and one that it left, of changes that were made one after the other.
#[test]
fn changes_of_names_survive_one_without_the_other() {
    let mut seen = BTreeSet::new();
    for seed in 0..64 {
        let (disk, _) = disk_with_file(seed, 1);
        disk.create(Path::new("d/a")).unwrap();
        disk.create(Path::new("d/b")).unwrap();
        disk.remove(Path::new("d/f")).unwrap();
        let next = disk.crash(Loss::Scattered);
        assert_eq!(next.fired().names_kept + next.fired().names_lost, 3);
        seen.insert(next.list(Path::new("d")).unwrap());
    }
    assert_eq!(seen.len(), 8);
}

#[test]
fn what_is_in_a_directory_that_was_lost_is_lost() {
    let disk = SimDisk::new(1);
    disk.create_dir(Path::new("d/e")).unwrap();
    disk.create(Path::new("d/e/f")).unwrap();
    disk.sync_dir(Path::new("d/e")).unwrap();
    disk.sync_dir(Path::new("d")).unwrap();
    assert_eq!(disk.crash(Loss::All).list(Path::new("d/e")).unwrap(), Vec::<String>::new());
}

#[test]
fn a_crash_ends_everything_at_the_operation_it_was_planned_for() {
    let (disk, file) = disk_with_file(1, 1);
    let crash_at = Some(disk.operations() + 2);
    disk.set_faults(Faults { crash_at, ..Faults::default() });
    file.write_at(&[2; SECTOR_BYTES], 0).unwrap();
    assert!(!disk.has_crashed());
    file.sync().unwrap_err();
    assert!(disk.has_crashed());
    file.write_at(&[3; SECTOR_BYTES], 0).unwrap_err();
    disk.list(Path::new("d")).unwrap_err();
    let next = disk.crash(Loss::Nothing);
    assert_eq!((sectors_of_twos(&next), next.fired().crashes), (vec![true], 1));
}

#[test]
fn a_write_that_fails_may_have_done_a_part() {
    let written_of = |seed| {
        let (disk, file) = disk_with_file(seed, 4);
        let fail_at = Some((disk.operations() + 1, Refusal::Broken));
        disk.set_faults(Faults { fail_at, ..Faults::default() });
        assert_eq!(file.write_at(&[2; 1000], 300).unwrap_err().raw_os_error(), Some(EIO));
        assert_eq!(disk.fired().operations_failed, 1);
        disk.contents(Path::new("d/f")).unwrap().iter().filter(|byte| **byte == 2).count()
    };
    let written: BTreeSet<usize> = (0..64).map(written_of).collect();
    assert_eq!(written, BTreeSet::from([0, SECTOR_BYTES - 300, 2 * SECTOR_BYTES - 300, 1000]));
}

/// The trap that a second sync would fall into.
#[test]
fn after_a_sync_that_failed_the_next_one_says_that_all_is_well_and_lies() {
    let (disk, file) = disk_with_file(1, 16);
    file.write_at(&[2; 16 * SECTOR_BYTES], 0).unwrap();
    let fail_at = Some((disk.operations() + 1, Refusal::Broken));
    disk.set_faults(Faults { fail_at, ..Faults::default() });
    file.sync().unwrap_err();
    file.sync().unwrap();
    assert_eq!(sectors_of_twos(&disk), [true; 16]);
    let next = disk.crash(Loss::Nothing);
    let forgotten = sectors_of_twos(&next).iter().filter(|kept| !**kept).count() as u64;
    assert!(forgotten > 0 && next.fired().syncs_failed == 1);
    assert_eq!(next.fired().sectors_forgotten, forgotten);
}

#[test]
fn a_disk_fills_up_and_has_room_again_after_a_file_went() {
    let (disk, file) = disk_with_file(1, 4);
    disk.set_faults(Faults { capacity_bytes: Some(5 * SECTOR_BYTES as u64), ..Faults::default() });
    assert_eq!(disk.free_bytes().unwrap(), SECTOR_BYTES as u64);
    file.write_at(&[2; 4 * SECTOR_BYTES], 0).unwrap();
    let other = disk.create(Path::new("d/other")).unwrap();
    assert_eq!(other.write_at(&[3; 1000], 0).unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(other.len().unwrap(), SECTOR_BYTES as u64);
    assert_eq!(other.set_len(1000).unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(disk.fired().writes_without_room, 2);
    disk.remove(Path::new("d/f")).unwrap();
    other.write_at(&[3; 1000], 0).unwrap();
}

#[test]
fn a_flipped_bit_is_found_by_whoever_reads() {
    let (disk, file) = disk_with_file(1, 1);
    assert!(disk.flip_bit(Path::new("d/f"), 9));
    assert!(!disk.flip_bit(Path::new("d/f"), SECTOR_BYTES as u64 * 8));
    let mut bytes = [0; 3];
    file.read_at(&mut bytes, 0).unwrap();
    assert_eq!((bytes, disk.fired().bits_flipped), ([1, 3, 1], 1));
    assert_eq!(disk.crash(Loss::All).contents(Path::new("d/f")).unwrap()[..3], [1, 3, 1]);
}

#[test]
fn the_same_seed_has_the_same_outcome() {
    let outcome = |seed| {
        let (disk, file) = disk_with_file(seed, 64);
        file.write_at(&[2; 64 * SECTOR_BYTES], 0).unwrap();
        sectors_of_twos(&disk.crash(Loss::Scattered))
    };
    assert_eq!(outcome(7), outcome(7));
    assert_ne!(outcome(7), outcome(8));
}
