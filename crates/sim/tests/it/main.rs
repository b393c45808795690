//! Runs of the simulation: known ones, new ones, and ones in which we made a mistake on purpose.

use std::time::{SystemTime, UNIX_EPOCH};

use latchkey_sim::{Bug, Failure, Plan, Seen, run, shrink};

const STEPS: u32 = 400;

/// How often something happened in a run.
type Count = fn(&Seen) -> u64;

/// Panics with what has to be typed to see a failure again.
#[track_caller]
fn must_hold(plan: &Plan) -> Seen {
    run(plan).unwrap_or_else(|failure| panic!("{}", shrink(failure)))
}

/// Goal: seeds that we know hold, and whatever can go wrong did on the way.
#[test]
fn known_seeds_hold_and_everything_happened_in_them() {
    let runs: Vec<Seen> = (1..=50).map(|seed| must_hold(&Plan::new(seed, STEPS))).collect();
    let sum = |of: Count| runs.iter().map(of).sum::<u64>();
    let counts: [(&str, Count); 27] = [
        ("crashes that took all", |seen| seen.crashes[0]),
        ("crashes that took nothing", |seen| seen.crashes[1]),
        ("crashes that took the end", |seen| seen.crashes[2]),
        ("crashes that took parts", |seen| seen.crashes[3]),
        ("crashes in an operation", |seen| seen.crashes_in_operations),
        ("starts that failed", |seen| seen.failed_starts),
        ("kills", |seen| seen.kills),
        ("failures", |seen| seen.failures),
        ("stops", |seen| seen.stops),
        ("steps lost", |seen| seen.steps_lost),
        ("late replies", |seen| seen.late_replies),
        ("replies lost", |seen| seen.replies_lost),
        ("refusals for want of room", |seen| seen.refused),
        ("looks into files", |seen| seen.peeks),
        ("sleeps", |seen| seen.sleeps),
        ("drops", |seen| seen.drops),
        ("deletions", |seen| seen.deletions),
        ("changes of durability", |seen| seen.durability_changes),
        ("compactions", |seen| seen.compactions),
        ("segments freed", |seen| seen.segments_freed),
        ("clocks set back", |seen| seen.clock_set_back),
        ("sectors lost", |seen| seen.disk.sectors_lost),
        ("files torn", |seen| seen.disk.files_torn),
        ("names lost", |seen| seen.disk.names_lost),
        ("syncs failed", |seen| seen.disk.syncs_failed),
        ("operations failed", |seen| seen.disk.operations_failed),
        ("writes without room", |seen| seen.disk.writes_without_room),
    ];
    for (what, of) in counts {
        assert!(sum(of) > 0, "no {what} in all runs");
    }
}

/// Goal: seeds that nobody has tried hold too. `LATCHKEY_SEED` and `LATCHKEY_SEEDS` say which, and how many.
#[test]
#[allow(clippy::disallowed_methods)] // the one thing that is not to be the same each time
fn new_seeds_hold() {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    let first = number("LATCHKEY_SEED").unwrap_or(now.as_micros() as u64);
    println!("the first seed is {first}");
    for seed in (first..).take(number("LATCHKEY_SEEDS").unwrap_or(20) as usize) {
        must_hold(&Plan::new(seed, STEPS));
    }
}

/// Goal: a plan is all there is: whoever runs it again sees the same.
#[test]
fn the_same_plan_does_the_same() {
    for seed in 100..104 {
        let plan = Plan::new(seed, STEPS);
        assert_eq!(must_hold(&plan), must_hold(&plan));
    }
}

/// The first failure that a mistake leads to.
fn first_failure(bug: Bug, seeds: u64) -> Option<Failure> {
    (1..=seeds).find_map(|seed| run(&Plan { bug: Some(bug), ..Plan::new(seed, STEPS) }).err())
}

/// Goal: each mistake is found, and soon.
#[test]
fn every_planted_bug_is_found() {
    let missed: Vec<Bug> = Bug::ALL.into_iter().filter(|&bug| first_failure(bug, 80).is_none()).collect();
    assert_eq!(missed, [], "these mistakes were not found");
}

/// Goal: a failure is told with no more than it needs, and is the same failure when it is run again.
#[test]
fn a_failure_is_shrunk_to_what_it_needs() {
    let failure = first_failure(Bug::AcknowledgeEarly, 40).expect("it is found");
    let shrunk = shrink(failure.clone());
    let steps =
        |plan: &Plan| plan.steps - plan.without.iter().map(|range| range.end - range.start).sum::<u32>();
    assert!(steps(&shrunk.plan) < steps(&failure.plan), "{} of {}", shrunk.plan, failure.plan);
    assert_eq!(run(&shrunk.plan).unwrap_err().what, shrunk.what);
}
