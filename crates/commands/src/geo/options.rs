//! The options that all searches share.

use latchkey_protocol::ReplyError;

use crate::{Args, Result};

/// What a search answers, in which order, and how much of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    pub(super) with_distance: bool,
    pub(super) with_score: bool,
    pub(super) with_point: bool,
    pub(super) order: Option<Order>,
    /// So many results at most.
    pub(super) count: Option<usize>,
    /// The first that are found will do.
    pub(super) any: bool,
}

/// By distance from the centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    NearestFirst,
    FarthestFirst,
}

impl Options {
    /// Takes the next option, if it is one of these. Whether it was.
    pub(super) fn take(&mut self, args: &mut Args<'_>) -> Result<bool> {
        if args.len() > 1 && args.option("COUNT") {
            self.count = Some(count(args)?);
            return Ok(true);
        }
        let flags = [
            ("WITHDIST", &mut self.with_distance),
            ("WITHHASH", &mut self.with_score),
            ("WITHCOORD", &mut self.with_point),
            ("ANY", &mut self.any),
        ];
        if let Some((_, flag)) = flags.into_iter().find(|(name, _)| args.option(name)) {
            *flag = true;
            return Ok(true);
        }
        let orders = [("ASC", Order::NearestFirst), ("DESC", Order::FarthestFirst)];
        let order = orders.into_iter().find(|(name, _)| args.option(name)).map(|(_, order)| order);
        self.order = order.or(self.order);
        Ok(order.is_some())
    }

    /// Whether results are shown with anything but their names.
    pub(super) fn shows_more(&self) -> bool {
        self.with_distance || self.with_score || self.with_point
    }

    /// Refuses ANY where it means nothing.
    pub(super) fn check_any(&self) -> Result<()> {
        const NO_COUNT: ReplyError = ReplyError::fixed("ERR the ANY argument requires COUNT argument");
        if self.any && self.count.is_none() { Err(NO_COUNT.into()) } else { Ok(()) }
    }

    /// The order of the results. The nearest come first if only some are wanted, unless any will do.
    pub(super) fn order(&self) -> Option<Order> {
        let nearest = self.count.filter(|_| !self.any).map(|_| Order::NearestFirst);
        self.order.or(nearest)
    }
}

fn count(args: &mut Args<'_>) -> Result<usize> {
    const TOO_FEW: ReplyError = ReplyError::fixed("ERR COUNT must be > 0");
    let count = args.int()?;
    if count <= 0 {
        return Err(TOO_FEW.into());
    }
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}
