import Connector
import Ledger
import Projection
import ProjectionModel
import SegmentModel

/// What must hold after each step.
extension World {
    /// After each commit: the tables of its lanes are what the ledger says at their cursors.
    func check(_ lanes: [LaneKey], of process: SimulatedProcess) {
        guard !isLog else { return }
        process.projections.fold(before: process.ledger.end)
        for lane in lanes {
            guard let row = target.content.cursors[lane] else { continue }
            let rows = target.content.tables[lane.integration]?.rows[lane.segment] ?? [:]
            log(
                "process \(process.number): \(lane.integration)/\(lane.segment) at "
                    + "\(place(row.cursor)): \(text(rows))")
            if resyncs[lane] != row.resync {
                resyncs[lane] = row.resync
                tainted[lane] = nil
            }
            // Where fields were not followed yet it takes more than this to tell the next change.
            let start = try? process.projections.state.rowFieldsStart(of: lane.integration)
            let isEarly =
                row.cursor.profileCount > 0
                && row.cursor.position ?? Position(0) < start ?? Position(0)
            if !sharesCards, !isEarly { check(lane, at: row.cursor, process.projections) }
        }
    }

    func check(
        _ lane: LaneKey, at cursor: LaneCursor, _ projections: SimulatedProjections
    ) {
        guard let shape = shapes[lane.integration] else { return }
        let expected = Expectation(projections, shape, lane.segment, at: cursor)
        let table = target.content.tables[lane.integration] ?? SimulatedTarget.Table()
        var unknown = Set(
            projections.model.parked.filter { $0.change.lane == lane }
                .map(\.change.profile.rawValue))
        unknown.formUnion(tainted[lane] ?? [])
        let ids = Set(unknown.map { projections.ledger.profileIDs[Int($0)] })
        func known(_ rows: [String: String]) -> [String: String] {
            rows.filter { key, _ in !ids.contains(String(key.prefix { $0 != "-" })) }
        }
        let (found, wanted) = (known(table.rows[lane.segment] ?? [:]), known(expected.rows))
        let own = mayHoldStrangers(lane) ? found.filter { wanted[$0.key] != nil } : found
        let isSame =
            shape.updates == .follow ? own == wanted : Set(own.keys) == Set(wanted.keys)
        if !isSame {
            find(
                "\(lane.integration)/\(lane.segment) at \(place(cursor)): rows \(text(found)), "
                    + "should be \(text(wanted))")
        }
        if table.names[lane.segment] != expected.name {
            find(
                "\(lane.integration)/\(lane.segment) at \(place(cursor)): saved as "
                    + "\(table.names[lane.segment] ?? "-"), should be \(expected.name ?? "-")")
        }
    }

    func mayHoldStrangers(_ lane: LaneKey) -> Bool {
        hasStrangers && definitions[lane.integration]?.queries[.clearSegment] == nil
    }

    func place(_ cursor: LaneCursor) -> String {
        let position = cursor.position.map { "\($0)" } ?? "the beginning"
        return cursor.profileCount == 0 ? position : "\(position)+\(cursor.profileCount)"
    }

    func text(_ rows: [String: String]) -> String {
        rows.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            .joined(separator: " ")
    }

    /// At the end: all is delivered, and counted.
    func checkAll() {
        let end = LaneCursor(position: ledger.end.predecessor)
        for name in definitions.keys {
            for segment in projections.model.segments.keys {
                let lane = LaneKey(integration: name, segment: segment)
                if isLog {
                    checkLog(lane, at: end)
                } else {
                    check(lane, at: end, projections)
                    let known = projections.model.lanes[lane]?.queries ?? 0
                    let counted = target.content.cursors[lane]?.queryCount ?? 0
                    if known != Int(counted) {
                        find("\(name)/\(segment): \(counted) queries, receipts of \(known)")
                    }
                }
            }
        }
    }

    func checkLog(_ lane: LaneKey, at cursor: LaneCursor) {
        guard let shape = shapes[lane.integration] else { return }
        let expected = Expectation(projections, shape, lane.segment, at: cursor).lines
        var found: [String: Int] = [:]
        for line in target.content.tables[lane.integration]?.log[lane.segment] ?? [] {
            found[line, default: 0] += 1
        }
        if found != expected {
            find(
                "\(lane.integration)/\(lane.segment): written "
                    + "\(found.sorted { $0.key < $1.key }), should be "
                    + "\(expected.sorted { $0.key < $1.key })")
        }
    }
}
