internal import Connector

/// The search for what a target refuses in a batch that failed whole: halves are delivered until
/// one change is left, or all pass.
struct Bisection: Hashable, Sendable {
    /// Changes, from the cursor on, among which the refused one is.
    private var suspectCount: Int
    /// Changes to try next.
    private(set) var size: Int
    private let isRepeatedKey: Bool

    /// After `count` changes, at least two, were refused together.
    init(refused count: Int, _ class: TargetFailure.Class) {
        suspectCount = count
        size = count / 2
        isRepeatedKey = `class` == .repeatedKey
    }

    /// A search that begins with one change.
    static let single = Bisection(refused: 2, .values)

    /// The next try is one change.
    mutating func narrow() { size = 1 }

    /// After `count` changes passed; nil: none are left to suspect.
    func afterSuccess(of count: Int) -> Bisection? {
        var next = self
        next.suspectCount -= count
        guard next.suspectCount > 0 else { return nil }
        // Two that share a key may be parted already; a bad row is among the rest for sure.
        next.size = isRepeatedKey ? next.suspectCount : max(1, next.suspectCount / 2)
        return next
    }
}
