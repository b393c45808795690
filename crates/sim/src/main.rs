//! Replays a run of the simulation, or makes new ones until one fails: `latchkey-sim --help`.
#![allow(clippy::print_stdout, clippy::print_stderr)] // it speaks to a terminal; that is what it is for

use std::ops::Range;
use std::process::ExitCode;

use latchkey_sim::{Bug, Failure, Plan, run, shrink};

const HELP: &str = "\
Runs the engine, its files and its log on a disk that breaks, from one seed.

  --seed N        the first seed (0)
  --seeds N       how many seeds, one after the other (1)
  --steps N       how many things happen in each run (400)
  --without A..B,C..D
                  leave these steps out
  --bug NAME      make a mistake on purpose
  --shrink        find out how little has to happen for a failure";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    match Options::parse(&mut words) {
        Ok(Some(options)) => options.run(),
        Ok(None) => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(what) => {
            eprintln!("{what}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

struct Options {
    plan: Plan,
    seeds: u64,
    shrinks: bool,
}

impl Options {
    /// Nothing if help is asked for.
    fn parse(words: &mut impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self { plan: Plan::new(0, 400), seeds: 1, shrinks: false };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} lacks its value"));
            match word.as_str() {
                "--seed" => options.plan.seed = number(&value()?)?,
                "--seeds" => options.seeds = number(&value()?)?,
                "--steps" => options.plan.steps = number(&value()?)?,
                "--without" => options.plan.without = ranges(&value()?)?,
                "--bug" => options.plan.bug = Some(bug(&value()?)?),
                "--shrink" => options.shrinks = true,
                "--help" | "-h" => return Ok(None),
                _ => return Err(format!("{word} is no option")),
            }
        }
        Ok(Some(options))
    }

    fn run(&self) -> ExitCode {
        for seed in (self.plan.seed..).take(usize::try_from(self.seeds).unwrap_or(usize::MAX)) {
            match run(&Plan { seed, ..self.plan.clone() }) {
                Ok(seen) if self.seeds == 1 => println!("{seen:#?}"),
                Ok(_) => {}
                Err(failure) => return self.tell(failure),
            }
        }
        ExitCode::SUCCESS
    }

    fn tell(&self, failure: Failure) -> ExitCode {
        println!("{failure}");
        if self.shrinks {
            println!("\nshrunk: {}", shrink(failure));
        }
        ExitCode::FAILURE
    }
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

fn ranges(text: &str) -> Result<Vec<Range<u32>>, String> {
    let range = |text: &str| {
        let (start, end) = text.split_once("..").ok_or(format!("{text} is no range"))?;
        Ok(number(start)?..number(end)?)
    };
    text.split(',').map(range).collect()
}

fn bug(text: &str) -> Result<Bug, String> {
    let named = Bug::ALL.into_iter().find(|bug| format!("{bug:?}") == text);
    named.ok_or_else(|| format!("{text} is no bug; there are {:?}", Bug::ALL))
}
