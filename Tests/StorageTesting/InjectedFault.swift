/// An operation that fails, and how.
package struct InjectedFault: Hashable, Sendable {
    package enum Effect: String, CaseIterable, Sendable {
        /// Nothing has happened. A failed sync leaves the pages clean and some of them lost.
        case nothingDone
        /// A write has put down its first half; anything else has happened all the same.
        case doneInPart
    }

    package enum Duration: String, CaseIterable, Sendable {
        case once
        /// The disk is broken from then on. A full one (ENOSPC) still takes what needs no room:
        /// only creations and writes beyond a file's end go on failing.
        case forever
    }

    /// The number of the operation that fails first, from 0.
    package var operation: Int
    package var errno: Int32
    package var effect: Effect
    package var duration: Duration

    package init(
        operation: Int, errno: Int32, effect: Effect = .nothingDone, duration: Duration = .once
    ) {
        self.operation = operation
        self.errno = errno
        self.effect = effect
        self.duration = duration
    }
}
