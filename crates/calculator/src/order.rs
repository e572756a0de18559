//! Putting short lists in order.

/// Sorts by a rising key and keeps the order of those whose keys are equal.
///
/// By insertion, because the lists have a few dozen items: the sort of the standard library is one kilobyte of the
/// page for each kind of item.
pub(crate) fn sort_by_key<T, K: PartialOrd>(items: &mut [T], key: impl Fn(&T) -> K) {
    for end in 1..items.len() {
        let mut at = end;
        while at > 0 && key(&items[at]) < key(&items[at - 1]) {
            items.swap(at, at - 1);
            at -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_keep_their_order() {
        let mut words = ["three", "one", "two", "seven", "", "six"];
        sort_by_key(&mut words, |word| word.len());
        assert_eq!(words, ["", "one", "two", "six", "three", "seven"]);
    }
}
