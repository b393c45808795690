//! The steps, put together.

use std::convert::Infallible;
use std::sync::Arc;

use latchkey_tenancy::Authority;
use latchkey_tenancy::LeaseStore;
use tower::{Service, ServiceBuilder};

use crate::layer::admit::AdmitLayer;
use crate::layer::authenticate::AuthenticateLayer;
use crate::layer::execute::Execute;
use crate::layer::resolve::ResolveLayer;
use crate::waiting::WaitingRooms;
use crate::{Accounts, Answer, Backend, Clock, Incoming};

/// What every door sends its requests into. Cheap to clone; always ready.
pub trait Stack:
    Service<Incoming, Response = Answer, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<S> Stack for S where
    S: Service<Incoming, Response = Answer, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

/// Puts the steps together, in the only order in which they fit.
pub fn stack<B: Backend>(
    authority: Arc<Authority>,
    leases: Arc<dyn LeaseStore>,
    clock: Arc<dyn Clock>,
    backend: Arc<B>,
    accounts: Accounts,
) -> impl Stack {
    ServiceBuilder::new()
        // Whose commands are they? From here on there is a principal.
        .layer(AuthenticateLayer { authority, clock: Arc::clone(&clock) })
        // What do they ask for? From here on each has its declaration.
        .layer(ResolveLayer)
        // May they run, and is there allowance left? From here on they are counted.
        .layer(AdmitLayer { leases, clock, waiting: WaitingRooms::new() })
        .service(Execute { backend, accounts })
}
