internal import SegmentModel

/// The changes of a frame sorted by field name: names in order of first mention, the changes of
/// each name in their own order.
struct FieldLayout {
    private let starts: [Int]
    private let order: [UInt32]

    var nameCount: Int { starts.count - 1 }

    /// - Parameters:
    ///   - mentions: names, among them every one of the changes; each first mention counts.
    ///   - changes: what to sort.
    init(_ mentions: [Int64], _ changes: UnsafeBufferPointer<Frame.FieldChange>) {
        var numbers: [UInt32: Int] = [:]
        var names: [UInt32] = []
        for mention in mentions {
            let name = UInt32(truncatingIfNeeded: mention)
            if numbers[name] == nil {
                numbers[name] = names.count
                names.append(name)
            }
        }
        // Which name came after a name the last time: records of one shape follow each other.
        var following = [Int](repeating: 0, count: names.count + 1)
        var last = names.count
        var own = [UInt32](repeating: 0, count: changes.count)
        var starts = [Int](repeating: 0, count: names.count + 1)
        for index in 0..<changes.count {
            let name = changes[index].name
            var number = following[last]
            if names[number] != name {
                guard let known = numbers[name] else {
                    preconditionFailure("a change's name is not among those mentioned")
                }
                number = known
                following[last] = known
            }
            last = number
            own[index] = UInt32(number)
            starts[number + 1] += 1
        }
        for number in 0..<names.count { starts[number + 1] += starts[number] }
        self.starts = starts
        var order = [UInt32](repeating: 0, count: changes.count)
        for (index, number) in own.enumerated() {
            order[starts[Int(number)]] = UInt32(index)
            starts[Int(number)] += 1
        }
        self.order = order
    }

    /// Indexes of the changes of one name.
    func changes(of number: Int) -> ArraySlice<UInt32> {
        order[starts[number]..<starts[number + 1]]
    }
}
