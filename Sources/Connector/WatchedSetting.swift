/// A setting of a session that decides how values are read, converted, compared or refused.
///
/// A session's settings are stated, or noted, when it opens. A query cannot change them by a
/// statement of its own; a function, trigger, procedure or dynamic statement can, and a pooler can
/// put another connection in the session's place. So they are compared before a delivery commits,
/// on its own way to the target: a delivery under other settings is not committed, and its session
/// is not used again.
package struct WatchedSetting: Hashable, Sendable {
    /// As the database writes it.
    package let name: String
    /// What it decides, so that it fits behind "which".
    package let effect: String

    package init(_ name: String, _ effect: String) {
        self.name = name
        self.effect = effect
    }
}

extension TargetFailure {
    /// The session's settings are not those that it began with.
    ///
    /// - Parameter changed: those that are others now, if that is known.
    package static func settingsChanged(
        _ changed: [WatchedSetting], isPooled: Bool = false
    ) -> TargetFailure {
        let what =
            changed.isEmpty
            ? "the settings of its session, by which values are read"
            : changed.map { "\($0.name), which \($0.effect)" }.joined(separator: ", and ")
        let place =
            "take the change out of the query, or out of the function, procedure or trigger that "
            + "it calls"
        return TargetFailure(
            class: .permanent, targetCode: "",
            message: "a query changed \(what); nothing of the delivery was committed",
            hint: isPooled
                ? place + "; or give Segledger a database entry of its own in the pooler" : place,
            isConnectionLost: true)
    }
}
