import Connector
import ProjectionModel
import SQLTemplate
import SegmentModel

/// A database: tables of the integrations and their cursors, changed by whole transactions, or, of
/// the kind without them, by each query.
final class SimulatedTarget: @unchecked Sendable {  // all on one thread
    struct Table: Equatable {
        /// By segment and key: what else the row holds.
        var rows: [SegmentID: [String: String]] = [:]
        /// Names of the segments that are saved.
        var names: [SegmentID: String] = [:]
        /// Of a log: what was written, in order.
        var log: [SegmentID: [String]] = [:]
    }

    /// All of it: what a backup holds.
    struct Content: Equatable {
        var tables: [String: Table] = [:]
        var cursors: [LaneKey: TargetCursor] = [:]
        /// Blocks that it knows by name.
        var blocks: Set<String> = []
    }

    enum Fault: CaseIterable {
        /// Nothing was committed; the session lives.
        case refused
        /// Nothing was committed; the connection is gone.
        case lost
        /// COMMIT was refused.
        case commitRefused
        /// The connection was gone before COMMIT took effect: nobody knows.
        case commitLost
        /// Committed, and the reply did not arrive.
        case replyLost
    }

    let hasTransactions: Bool
    var content = Content()
    /// Of so many of 256 deliveries.
    var faultRate = 0
    var isUnreachable = false
    /// Ids of profiles of which no row is taken.
    var poison: Set<String> = []
    /// It is found only at COMMIT.
    var isFoundAtCommit = false
    /// A query with more rows than this is larger than it takes.
    var rowCountMax = Int.max
    /// Connections from before are gone.
    var generation = 0
    /// No cursor is compared: for the canary alone.
    var isFenceBroken = false
    /// Told of lanes whose tables changed.
    var didCommit: ([LaneKey], SimulatedProcess) -> Void = { _, _ in }
    private var random: SeededGenerator

    init(hasTransactions: Bool, seed: UInt64) {
        self.hasTransactions = hasTransactions
        random = SeededGenerator(seed: seed)
    }

    func nextFault() -> Fault? {
        guard Int(random.next() % 256) < faultRate else { return nil }
        return Fault.allCases[Int(random.next() % UInt64(Fault.allCases.count))]
    }

    func chance(_ count: UInt64) -> Bool { random.next() % count == 0 }

    /// Nanoseconds.
    func nextDelay() -> UInt64 { random.next() % 4 == 0 ? random.next() % 3_000_000 : 0 }

    // MARK: Queries

    enum Effect {
        case put(table: String, segment: SegmentID, rows: [(key: String, value: String)])
        case remove(table: String, segment: SegmentID, keys: [String])
        case clear(table: String, segment: SegmentID)
        case save(table: String, segment: SegmentID, name: String)
        case drop(table: String, segment: SegmentID)

        /// Profiles are named by the beginning of their keys.
        var keys: [String] {
            switch self {
            case .put(_, _, let rows): rows.map(\.key)
            case .remove(_, _, let keys): keys
            case .clear, .save, .drop: []
            }
        }
    }

    /// - Throws: what it says of a query that it does not take.
    func run(_ sql: [UInt8]) throws(TargetFailure) -> Effect {
        let effect = QueryText(sql).effect()
        if effect.keys.count > rowCountMax {
            throw TargetFailure(class: .tooLarge, targetCode: "1", message: "too large")
        }
        if !isFoundAtCommit { try refusePoison([effect]) }
        return effect
    }

    func refusePoison(_ effects: [Effect]) throws(TargetFailure) {
        let isPoisoned = effects.contains { effect in
            effect.keys.contains { poison.contains(String($0.prefix { $0 != "-" })) }
        }
        if isPoisoned {
            throw TargetFailure(class: .values, targetCode: "22000", message: "bad value")
        }
    }

    func apply(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .put(let table, let segment, let rows):
                for row in rows {
                    if hasTransactions {
                        content.tables[table, default: Table()].rows[segment, default: [:]][
                            row.key] = row.value
                    } else {
                        content.tables[table, default: Table()].log[segment, default: []].append(
                            row.key + row.value)
                    }
                }
            case .remove(let table, let segment, let keys):
                for key in keys {
                    content.tables[table]?.rows[segment]?.removeValue(forKey: key)
                }
            case .clear(let table, let segment): content.tables[table]?.rows[segment] = nil
            case .save(let table, let segment, let name):
                content.tables[table, default: Table()].names[segment] = name
            case .drop(let table, let segment): content.tables[table]?.names[segment] = nil
            }
        }
    }
}

/// Reads the few queries that simulated integrations have.
private struct QueryText {
    private var rest: Substring

    init(_ sql: [UInt8]) { rest = Substring(String(decoding: sql, as: UTF8.self)) }

    func effect() -> SimulatedTarget.Effect {
        var text = self
        if text.take("INSERT INTO ") {
            let table = text.word()
            precondition(text.take(" VALUES "), "an INSERT has VALUES: \(rest)")
            let tuples = text.tuples()
            let segment = SegmentID(Int64(tuples[0][0]!)!)
            if table.hasSuffix("_s") {
                return .save(
                    table: String(table.dropLast(2)), segment: segment, name: tuples[0][1] ?? "")
            }
            return .put(
                table: table, segment: segment,
                rows: tuples.map { (key: $0[1] ?? "", value: $0[2] ?? "") })
        }
        precondition(text.take("DELETE FROM "), "a query writes: \(rest)")
        let table = text.word()
        precondition(text.take(" WHERE s = "), "a DELETE names the segment: \(rest)")
        let segment = SegmentID(Int64(text.word())!)
        if table.hasSuffix("_s") {
            return .drop(table: String(table.dropLast(2)), segment: segment)
        }
        guard text.take(" AND k IN ") else { return .clear(table: table, segment: segment) }
        return .remove(table: table, segment: segment, keys: text.tuples()[0].map { $0 ?? "" })
    }

    private mutating func take(_ prefix: String) -> Bool {
        guard rest.hasPrefix(prefix) else { return false }
        rest = rest.dropFirst(prefix.count)
        return true
    }

    private mutating func word() -> String {
        let word = rest.prefix { $0 != " " && $0 != "," && $0 != ")" }
        rest = rest.dropFirst(word.count)
        return String(word)
    }

    private mutating func tuples() -> [[String?]] {
        var tuples: [[String?]] = []
        while take("(") {
            var values: [String?] = []
            repeat {
                _ = take(" ")
                if take("'") {
                    let value = rest.prefix { $0 != "'" }
                    rest = rest.dropFirst(value.count + 1)
                    values.append(String(value))
                } else {
                    let word = word()
                    values.append(word == "NULL" ? nil : word)
                }
            } while take(",")
            precondition(take(")"), "a tuple ends: \(rest)")
            tuples.append(values)
            _ = take(",")
            _ = take(" ")
        }
        return tuples
    }
}
