//! Whatever happens to a node, in whatever order: its databases hold what was done to them.

use latchkey_journal::sim::{Loss, SimDisk};
use latchkey_storage::Durability;
use proptest::prelude::*;

use crate::world::{Expected, Op, Step, World, look, open};

fn durability() -> impl Strategy<Value = Durability> {
    prop_oneof![3 => Just(Durability::Always), 1 => Just(Durability::EverySecond), 2 => Just(Durability::None)]
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..12_u16;
    prop_oneof![
        8 => (key.clone(), 0..700_usize).prop_map(|(key, length)| Step::Put(key, length)),
        1 => (key.clone(), 1_700_000_000_001..1_800_000_000_000_i64).prop_map(|(key, at)| Step::Expire(key, at)),
        2 => (100..104_u16, any::<u8>()).prop_map(|(key, item)| Step::Push(key, item)),
        2 => key.clone().prop_map(Step::Remove),
        1 => (key.clone(), key.clone()).prop_map(|(source, destination)| Step::Rename(source, destination)),
        1 => Just(Step::Clear),
        2 => (key, proptest::option::of(0..700_usize)).prop_map(|(name, length)| Step::Library(name, length)),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let name = 1..4_u8;
    prop_oneof![
        4 => (name.clone(), durability()).prop_map(|(name, durability)| Op::Wake(name, durability)),
        20 => (name.clone(), step()).prop_map(|(name, step)| Op::Step(name, step)),
        2 => (name.clone(), proptest::collection::vec(step(), 1..5))
            .prop_map(|(name, steps)| Op::Step(name, Step::Several(steps))),
        4 => name.clone().prop_map(Op::Wait),
        2 => name.clone().prop_map(Op::Sleep),
        1 => name.clone().prop_map(Op::Drop),
        2 => name.clone().prop_map(Op::Compact),
        3 => (name.clone(), 0..12_u16).prop_map(|(name, key)| Op::Peek(name, key)),
        1 => name.clone().prop_map(Op::Delete),
        1 => (name, durability()).prop_map(|(name, durability)| Op::SetDurability(name, durability)),
        5 => Just(Op::Tend),
        1 => any::<bool>().prop_map(Op::Fill),
    ]
}

fn loss() -> impl Strategy<Value = Loss> {
    prop_oneof![Just(Loss::All), Just(Loss::Nothing), Just(Loss::Torn), Just(Loss::Scattered)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Goal: three lives of a node, each ended by a crash; what it finds is what it may find, and it goes on from there.
    #[test]
    fn a_node_keeps_what_it_promised(
        lives in proptest::collection::vec((proptest::collection::vec(op(), 1..80), 1..600_u64, loss()), 1..4),
        seed in any::<u64>(),
    ) {
        let mut disk = SimDisk::new(seed);
        let mut found = None;
        for (ops, crash_after, loss) in lives {
            let (storage, recovered) = open(&disk, seed).unwrap();
            prop_assert_eq!(recovered.damaged, []);
            let mut world = World::new(&disk, storage);
            for (name, contents) in found.take().into_iter().flatten() {
                world.expected.insert(name, Expected::exactly(contents));
            }
            world.crash_after(crash_after);
            for op in &ops {
                if let Err(error) = world.happen(op) {
                    if disk.has_crashed() {
                        break;
                    }
                    prop_assert!(error.is_full(), "{:?}: {}", op, error);
                }
            }
            prop_assert!(disk.has_crashed() || world.storage.failure().is_none());
            let left = disk.crash(loss);
            let (storage, _) = open(&left, seed).unwrap();
            found = Some((1..4).map(|name| (name, look(&storage, name))).collect::<Vec<_>>());
            for (name, contents) in found.iter().flatten() {
                world.expected.entry(*name).or_default().check(*name, contents);
            }
            drop(storage);
            disk = left.crash(Loss::All);
        }
    }
}
