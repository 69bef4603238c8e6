/// Where "now" comes from; tests bring their own. May jump in either direction.
package protocol WallClock: Sendable {
    func now() -> Timestamp
}
