/// How many changes the next delivery of a lane has at most, by what became of the last ones: pure.
///
/// - What was too large is not tried again: the half that may pass is remembered, and doubled after
///   so many deliveries that passed. Where one change alone is too large, it was that one.
/// - Where one change after the other is refused, the next is tried alone, then twice as many after
///   each that passed: a thousand refused rows are a thousand refusals, not ten thousand.
struct DeliveryPace: Hashable, Sendable {
    private static let passedCountBeforeMore = 64

    /// What the target takes at once; nil: no limit was met.
    private var sizeMax: Int?
    /// Deliveries of that size that passed.
    private var passedCount = 0
    /// Changes that passed since the last one that was refused alone; nil: none was.
    private var changeCountSinceRefusal: Int?
    /// After several refusals.
    private var careful: Int?

    /// - Parameter size: without a reason for less.
    func size(_ size: Int) -> Int { min(size, sizeMax ?? size, careful ?? size) }

    /// A delivery of `count` changes, at least two, is larger than the target takes.
    mutating func tooLarge(_ count: Int) {
        (sizeMax, passedCount) = (max(1, count / 2), 0)
    }

    /// One change was refused alone.
    mutating func refusedOne() {
        // The limit was met for this one.
        sizeMax = nil
        if let passed = changeCountSinceRefusal, passed <= (careful ?? 0) || passed == 0 {
            careful = 1
        } else {
            careful = nil
        }
        changeCountSinceRefusal = 0
    }

    /// A delivery of `count` changes passed; `size` is what one has without a reason for less.
    mutating func passed(_ count: Int, of size: Int) {
        changeCountSinceRefusal? += count
        if let grown = careful.map({ $0 * 2 }) { careful = grown < size ? grown : nil }
        guard let limit = sizeMax else { return }
        passedCount += 1
        if passedCount >= Self.passedCountBeforeMore {
            (sizeMax, passedCount) = (limit * 2 < size ? limit * 2 : nil, 0)
        }
    }
}
