package import SegmentModel

extension EventBatch {
    /// Checks the profiles that stand in the batch by their ordinals.
    ///
    /// - Parameter profileCount: profiles that the ledger knows.
    /// - Throws: `inputRefused` if an ordinal is not known to the ledger, if those of an event do
    ///   not ascend, or if an event gives them although it cannot, or gives too many.
    /// - Complexity: O(ordinals).
    package func checkOrdinals(profileCount: Int) throws(Failure) {
        for (index, event) in events.enumerated() where event.ordinalCount > 0 {
            guard event.kind.hasProfiles, event.profileCount == 0 else {
                throw Self.refusal(index, "cannot give profiles by their ordinals")
            }
            guard event.ordinalCount <= Limits.eventOrdinalCountMax else {
                throw Self.refusal(
                    index, "gives more than \(Limits.eventOrdinalCountMax) profiles")
            }
            guard event.ordinalRange.upperBound <= ordinals.count,
                Self.isAscending(ordinals[event.ordinalRange])
            else { throw Self.refusal(index, "gives profile ordinals that do not ascend") }
            guard ordinals[event.ordinalRange.upperBound - 1] < profileCount else {
                throw Self.refusal(
                    index,
                    "gives a profile ordinal that the ledger, with \(profileCount) "
                        + "profiles, does not know")
            }
        }
    }

    private static func isAscending(_ ordinals: ArraySlice<UInt32>) -> Bool {
        ordinals.withUnsafeBufferPointer { ordinals in
            // Without a way out in the middle, so that many are compared at once.
            var isAscending = true
            for index in 1..<max(1, ordinals.count) {
                isAscending = isAscending && ordinals[index - 1] < ordinals[index]
            }
            return isAscending
        }
    }

    private static func refusal(_ index: Int, _ what: String) -> Failure {
        Failure(
            .inputRefused, "event \(index) of the batch \(what)",
            hint: "give ordinals of this ledger, ascending, or the profiles' ids")
    }
}
