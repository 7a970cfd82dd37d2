//! Files that are read together: those that use each other, then those of one directory, up to what a reader keeps in mind.

use super::ChangedFile;

/// Changed lines of a group; a file of more is a group by itself.
const GROUP_LINES: usize = 300;

/// Groups of paths, each in the order of the files; at most `most` (at least one), for which the smallest are joined.
pub(super) fn group(files: &[ChangedFile<'_>], related: &[(usize, usize)], most: usize) -> Vec<Vec<String>> {
    let mut groups: Vec<Group> = files
        .iter()
        .enumerate()
        .filter(|(_, file)| !file.lines.is_empty())
        .map(|(index, file)| Group { members: vec![index], lines: file.lines.len() })
        .collect();
    for (one, other) in related {
        join_if_small(&mut groups, |group| group.members.contains(one), |group| group.members.contains(other));
    }
    // Neighbours in the order of paths: what stands in one directory.
    let directory =
        |index: usize| files.get(index).and_then(|file| file.path.rsplit_once('/')).map_or("", |(directory, _)| directory);
    for (index, _) in files.iter().enumerate().skip(1) {
        if directory(index) == directory(index - 1) {
            join_if_small(&mut groups, |group| group.members.contains(&(index - 1)), |group| group.members.contains(&index));
        }
    }
    while groups.len() > most.max(1) {
        let Some(smallest) = (0..groups.len()).min_by_key(|index| groups.get(*index).map(|group| group.lines)) else { break };
        let taken = groups.remove(smallest);
        // The neighbour that it makes least larger than all others.
        let neighbours = [smallest.checked_sub(1), Some(smallest)].into_iter().flatten();
        let into =
            neighbours.filter(|index| *index < groups.len()).min_by_key(|index| groups.get(*index).map(|group| group.lines));
        match into.and_then(|into| groups.get_mut(into)) {
            Some(into) => into.take(taken),
            None => break,
        }
    }
    let path = |index: usize| files.get(index).map(|file| file.path.to_owned());
    groups.into_iter().map(|group| group.members.into_iter().filter_map(path).collect()).collect()
}

struct Group {
    /// Indices of files, ascending.
    members: Vec<usize>,
    lines: usize,
}

impl Group {
    fn take(&mut self, other: Self) {
        self.members.extend(other.members);
        self.members.sort_unstable();
        self.lines = self.lines.saturating_add(other.lines);
    }
}

fn join_if_small(groups: &mut Vec<Group>, one: impl Fn(&Group) -> bool, other: impl Fn(&Group) -> bool) {
    let (Some(one), Some(other)) = (groups.iter().position(one), groups.iter().position(other)) else { return };
    let lines = |index: usize| groups.get(index).map_or(0, |group| group.lines);
    if one == other || lines(one).saturating_add(lines(other)) > GROUP_LINES {
        return;
    }
    let taken = groups.remove(one.max(other));
    if let Some(into) = groups.get_mut(one.min(other)) {
        into.take(taken);
    }
}
