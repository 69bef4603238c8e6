/// The name that was probably meant: at most a third of its characters wrong, and never more than
/// three (optimal string alignment distance); nil if none is that near.
package func nearestName(to name: String, in names: [String]) -> String? {
    let wrong = Array(name.lowercased().unicodeScalars)
    guard !wrong.isEmpty, wrong.count <= 128 else { return nil }
    var best: (name: String, distance: Int)?
    for candidate in names {
        let right = Array(candidate.lowercased().unicodeScalars)
        let allowed = min(3, max(1, max(wrong.count, right.count) / 3))
        let distance = editDistance(wrong, right)
        if distance <= allowed, distance < (best?.distance ?? .max) {
            best = (candidate, distance)
        }
    }
    return best?.name
}

/// Insertions, deletions, replacements and swaps of neighbours.
private func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for (row, scalar) in left.enumerated() {
        var current = [row + 1]
        for (column, other) in right.enumerated() {
            var cost = min(
                last[column + 1] + 1, current[column] + 1,
                last[column] + (scalar == other ? 0 : 1))
            if row > 0, column > 0, scalar == right[column - 1], left[row - 1] == other {
                cost = min(cost, beforeLast[column - 1] + 1)
            }
            current.append(cost)
        }
        beforeLast = last
        last = current
    }
    return last[right.count]
}
