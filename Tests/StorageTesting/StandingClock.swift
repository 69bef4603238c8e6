package import SegmentModel

/// Always the same moment.
package struct StandingClock: WallClock {
    package init() {}

    package func now() -> Timestamp { Timestamp(rfc3339: "2026-03-12T12:00:00.000Z")! }
}
