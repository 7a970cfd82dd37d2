//! The one table of variables, by what they are about.

mod agent;
mod model;
mod surroundings;

use super::table::Variable;

/// The longest text that a variable without a form of its own may have, in characters.
const LONG: usize = 4096;

const COUNT: usize = agent::VARIABLES.len() + model::VARIABLES.len() + surroundings::VARIABLES.len();

/// Every variable, in the order of the reference page.
pub(super) const TABLE: &[Variable] = &joined([agent::VARIABLES, model::VARIABLES, surroundings::VARIABLES]);

/// One after the other; a constant, since others are made from it.
const fn joined<const PARTS: usize>(parts: [&[Variable]; PARTS]) -> [Variable; COUNT] {
    let mut table = [parts[0][0]; COUNT];
    let (mut part, mut next) = (0, 0);
    while part < PARTS {
        let mut index = 0;
        while index < parts[part].len() {
            table[next] = parts[part][index];
            (index, next) = (index + 1, next + 1);
        }
        part += 1;
    }
    table
}
