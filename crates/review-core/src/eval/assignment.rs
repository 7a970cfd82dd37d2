//! The best one-to-one assignment: as many pairs as can be, and of those the cheapest.

/// Assigns rows to columns where `cost` allows it: the largest number of pairs, and among assignments of that size one of the
/// smallest sum of costs. For each row its column. The same input gives the same assignment.
///
/// Taking the nearest pair first would leave rows without a partner for whom there is one: each step here looks for the
/// cheapest chain of changes that adds a pair (successive shortest augmenting paths; Ahuja, Magnanti, Orlin, "Network Flows",
/// section 9.7), found as Bellman and Ford do, since undoing a pair gives its cost back.
pub fn assign(rows: usize, columns: usize, cost: &dyn Fn(usize, usize) -> Option<u32>) -> Vec<Option<usize>> {
    let edges: Vec<Edge> = (0..rows)
        .flat_map(|row| (0..columns).filter_map(move |column| Some(Edge { row, column, cost: i64::from(cost(row, column)?) })))
        .collect();
    let mut assigned: Vec<Option<usize>> = vec![None; rows];
    while let Some(path) = cheapest_path(&edges, &assigned, columns) {
        for (row, column) in path {
            if let Some(place) = assigned.get_mut(row) {
                *place = Some(column);
            }
        }
    }
    assigned
}

#[derive(Clone, Copy)]
struct Edge {
    row: usize,
    column: usize,
    cost: i64,
}

/// The pairs of the cheapest chain from a row without a column to a column without a row, or None when there is none. Every
/// row of the chain gets the column that stands beside it here.
fn cheapest_path(edges: &[Edge], assigned: &[Option<usize>], columns: usize) -> Option<Vec<(usize, usize)>> {
    let is_pair = |edge: &Edge| assigned.get(edge.row) == Some(&Some(edge.column));
    // What it costs to reach a row or a column, and for a column from which row.
    let mut row_cost: Vec<Option<i64>> = assigned.iter().map(|held| held.is_none().then_some(0)).collect();
    let mut column_cost: Vec<Option<(i64, usize)>> = vec![None; columns];
    let mut changed = true;
    while std::mem::take(&mut changed) {
        for edge in edges.iter().filter(|edge| !is_pair(edge)) {
            let Some(reached) = row_cost.get(edge.row).copied().flatten() else { continue };
            let Some(place) = column_cost.get_mut(edge.column) else { continue };
            let total = reached.saturating_add(edge.cost);
            if place.is_none_or(|(known, _)| total < known) {
                *place = Some((total, edge.row));
                changed = true;
            }
        }
        for edge in edges.iter().filter(|edge| is_pair(edge)) {
            // Giving the pair up frees its row for another column.
            let Some((reached, _)) = column_cost.get(edge.column).copied().flatten() else { continue };
            let Some(place) = row_cost.get_mut(edge.row) else { continue };
            let total = reached.saturating_sub(edge.cost);
            if place.is_none_or(|known| total < known) {
                *place = Some(total);
                changed = true;
            }
        }
    }
    let is_free = |column: usize| !assigned.contains(&Some(column));
    let reached = column_cost.iter().enumerate().filter(|(column, _)| is_free(*column));
    let (_, column, mut row) = reached.filter_map(|(column, cost)| cost.map(|(cost, row)| (cost, column, row))).min()?;
    let mut path = vec![(row, column)];
    // Back along the chain: the row's present column goes to the row from which it was reached.
    while let Some(held) = assigned.get(row).copied().flatten() {
        row = column_cost.get(held).copied().flatten()?.1;
        path.push((row, held));
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::assign;

    fn of_table(table: &[Vec<Option<u32>>]) -> Vec<Option<usize>> {
        let columns = table.first().map_or(0, Vec::len);
        assign(table.len(), columns, &|row, column| table[row][column])
    }

    #[test]
    fn the_nearest_pair_is_given_up_where_that_gains_another() {
        // Greedy: the first row takes the only column that the second one could have.
        assert_eq!(of_table(&[vec![Some(0), Some(5)], vec![Some(1), None]]), [Some(1), Some(0)]);
        // A chain of three.
        let chain =
            [vec![Some(1), Some(2), None], vec![Some(1), None, Some(3)], vec![Some(1), None, None], vec![None, None, None]];
        assert_eq!(of_table(&chain), [Some(1), Some(2), Some(0), None]);
    }

    #[test]
    fn of_as_many_pairs_the_cheapest_are_taken() {
        assert_eq!(of_table(&[vec![Some(4), Some(1)], vec![Some(2), Some(1)]]), [Some(1), Some(0)]);
        assert_eq!(of_table(&[vec![Some(3), Some(3)]]), [Some(0)], "of equals the first");
        assert_eq!(of_table(&[]), [] as [Option<usize>; 0]);
        assert_eq!(of_table(&[vec![], vec![]]), [None, None]);
    }

    /// Pairs and negated cost of the best assignment, by trying all.
    fn best(table: &[Vec<Option<u32>>], row: usize, taken: &mut Vec<usize>) -> (usize, i64) {
        let Some(costs) = table.get(row) else { return (0, 0) };
        let mut found = vec![best(table, row + 1, taken)];
        for (column, cost) in costs.iter().enumerate() {
            let Some(cost) = cost.filter(|_| !taken.contains(&column)) else { continue };
            taken.push(column);
            let (pairs, sum) = best(table, row + 1, taken);
            taken.pop();
            found.push((pairs + 1, sum - i64::from(cost)));
        }
        found.into_iter().max().unwrap()
    }

    proptest! {
        #[test]
        fn nothing_is_better_than_what_is_assigned(
            table in (1_usize..6, 1_usize..6).prop_flat_map(|(rows, columns)| {
                prop::collection::vec(prop::collection::vec(prop::option::weighted(0.6, 0_u32..9), columns), rows)
            })
        ) {
            let assigned = of_table(&table);
            let pairs: Vec<(usize, usize)> =
                assigned.iter().enumerate().filter_map(|(row, column)| Some((row, (*column)?))).collect();
            let mut columns: Vec<usize> = pairs.iter().map(|(_, column)| *column).collect();
            columns.sort_unstable();
            columns.dedup();
            prop_assert_eq!(columns.len(), pairs.len(), "one to one");
            let costs: Option<Vec<u32>> = pairs.iter().map(|(row, column)| table[*row][*column]).collect();
            prop_assert!(costs.is_some(), "only pairs that are allowed");
            let sum: i64 = costs.unwrap().into_iter().map(i64::from).sum();
            prop_assert_eq!((pairs.len(), -sum), best(&table, 0, &mut Vec::new()));
        }
    }
}
