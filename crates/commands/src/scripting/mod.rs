//! Scripts and functions. What runs them is not here but in `engine`, since a script runs commands.

mod eval;
mod fcall;
mod function;
mod script;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "scripting", category: Some(Category::Scripting), commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    eval::EVAL,
    eval::EVALSHA,
    eval::EVALSHA_RO,
    eval::EVAL_RO,
    fcall::FCALL,
    fcall::FCALL_RO,
    function::FUNCTION,
    script::SCRIPT,
];
