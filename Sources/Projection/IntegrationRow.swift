package import SegmentModel

/// How an integration of the configuration in force stands.
package struct IntegrationRow: Hashable, Sendable {
    /// Why the target's answer stopped the integration.
    package struct Stop: Hashable, Sendable {
        package var code: String?
        /// The target's own.
        package var targetCode: String?
        package var message: String?
        package var hint: String?
        package var time: Timestamp

        package init(
            code: String?, targetCode: String?, message: String?, hint: String?, time: Timestamp
        ) {
            self.code = code
            self.targetCode = targetCode
            self.message = message
            self.hint = hint
            self.time = time
        }
    }

    package var name: String
    /// The configuration change that first named it since it was last removed.
    package var firstPosition: Position
    /// false: paused.
    package var isActive: Bool
    /// Until the integration is resumed or configured again.
    package var stop: Stop?
    /// As last recorded; nil: nothing was delivered yet.
    package var grade: DeliveryGrade?
    /// Why it is not the best of its kind.
    package var gradeReason: String?
    package var lastSuccessAt: Timestamp?
    package var lastErrorAt: Timestamp?
    package var lastErrorMessage: String?

    package init(
        name: String, firstPosition: Position, isActive: Bool, stop: Stop? = nil,
        grade: DeliveryGrade? = nil, gradeReason: String? = nil, lastSuccessAt: Timestamp? = nil,
        lastErrorAt: Timestamp? = nil, lastErrorMessage: String? = nil
    ) {
        self.name = name
        self.firstPosition = firstPosition
        self.isActive = isActive
        self.stop = stop
        self.grade = grade
        self.gradeReason = gradeReason
        self.lastSuccessAt = lastSuccessAt
        self.lastErrorAt = lastErrorAt
        self.lastErrorMessage = lastErrorMessage
    }
}
