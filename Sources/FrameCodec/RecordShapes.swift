internal import SegmentModel

/// The distinct lists of field names that a frame's records have; most frames have few.
struct RecordShapes {
    /// Names of each shape.
    private(set) var lengths: [Int64] = []
    /// The names of all shapes, one shape after the other.
    private(set) var names: [Int64] = []
    private var offsets: [Int] = []
    private var numbers: [[UInt32]: Int] = [:]
    private var last = -1

    /// The number of the shape that some changes have, from 0 in order of first mention.
    mutating func number(of changes: ArraySlice<Frame.FieldChange>) -> Int {
        if last >= 0, isShape(last, changes) { return last }
        let key = changes.map(\.name)
        if let known = numbers[key] {
            last = known
        } else {
            last = lengths.count
            numbers[key] = last
            offsets.append(names.count)
            lengths.append(Int64(key.count))
            names.append(contentsOf: key.lazy.map { Int64($0) })
        }
        return last
    }

    private func isShape(_ number: Int, _ changes: ArraySlice<Frame.FieldChange>) -> Bool {
        guard lengths[number] == Int64(changes.count) else { return false }
        var index = offsets[number]
        for change in changes {
            if names[index] != Int64(change.name) { return false }
            index += 1
        }
        return true
    }
}
