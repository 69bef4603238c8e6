internal import CLibPQ
internal import Connector
internal import SQLTemplate
internal import SegmentModel

/// The beginning of a delivery in libpq's pipeline mode: BEGIN, the cursor's move and the queries
/// whose values are parameters are one round trip, which can begin with the COMMIT of the delivery
/// before (https://www.postgresql.org/docs/15/libpq-pipeline-mode.html). After the first failure
/// nothing of it runs.
///
/// A parameter of no declared type becomes what its place asks for, as a literal in quotes does.
/// The server settles that when a statement is prepared, and keeps it when a column's type changes.
/// So every run of a prepared statement is followed, in its transaction, by the question what the
/// parameters would be now: the run itself has locked the table until the end of the transaction.
/// Where the answer differs the transaction is rolled back and done again with a new statement.
final class PostgresPipeline {
    private enum Command {
        case commit, begin, state, prepareMove(String), move
        /// Of the query at this place.
        case prepare(Int)
        case run(Int)
        case probe(Int)
        case describe(Int)

        var query: Int? {
            switch self {
            case .commit, .begin, .state, .prepareMove, .move: nil
            case .prepare(let place), .run(let place), .probe(let place), .describe(let place):
                place
            }
        }
    }

    enum Outcome {
        case done(rowCounts: [Int])
        /// The lane's row is not as expected.
        case notHeld
        case unbindable(query: Int)
        /// A statement that was prepared before failed, or does not fit any longer: once more.
        case stale
    }

    /// What the server says of a statement that it does not have, or has already, or of a
    /// connection that is not the same from one transaction to the next: a pooler's work.
    private static let poolerCodes: Set<String> = ["26000", "42P05", "08P01"]
    /// division_by_zero
    private static let notMovedCode = "22012"

    private let connection: PostgresConnection
    private let queries: [BoundQuery]
    private var handle: OpaquePointer { connection.handle }
    private var commands: [Command] = []
    /// Names under which statements are prepared in this pipeline.
    private var newNames: [ObjectIdentifier: String] = [:]
    /// Shapes that ran from a statement of an earlier pipeline.
    private var reused: [ObjectIdentifier: BoundShape] = [:]
    private var results = PostgresResults()
    /// By query.
    private var rowCounts: [Int: Int] = [:]
    private var failed: (command: Command, failure: TargetFailure)?
    private var probed: [(place: Int, types: [Oid])] = []

    init(_ connection: PostgresConnection, _ queries: [BoundQuery]) {
        self.connection = connection
        self.queries = queries
    }

    /// Runs the queries in the open transaction.
    func run() throws(TargetFailure) -> Outcome {
        try start(isCancellable: true)
        // In the middle of a delivery there is no going back for a new statement.
        for (place, query) in queries.enumerated() { try execute(query, nil, at: place) }
        try sync()
        return try finish()
    }

    /// Begins a transaction, moves the lane's row and runs the queries.
    func run(
        _ lane: LaneKey, _ move: TargetDelivery.Move
    ) throws(TargetFailure) -> Outcome {
        try deallocateLeft()
        try start(isCancellable: true)
        try sendBeginning(lane, move)
        return try finish()
    }

    /// Commits what is open and sends the beginning of a transaction behind it. Returns when the
    /// commit is answered; `finish` waits for the rest, which the server works on meanwhile.
    func commitFirst(
        _ lane: LaneKey, _ move: TargetDelivery.Move
    ) throws(TargetFailure) {
        do throws(TargetFailure) {
            try start(isCancellable: false)
            guard sendComparison(),
                PQsendQueryParams(handle, "COMMIT", 0, nil, nil, nil, nil, 0) == 1,
                PQsendFlushRequest(handle) == 1
            else { throw connection.sendFailure() }
            commands.append(.commit)
            try connection.flush()
            try sendBeginning(lane, move)
        } catch {
            throw Self.ofCommit(error)
        }
        try awaitCommit()
    }

    private func sendComparison() -> Bool {
        if let name = connection.comparisonName {
            return PQsendQueryPrepared(handle, name, 0, nil, nil, nil, 0) == 1
        }
        return PQsendQueryParams(
            handle, connection.watch.comparison, 0, nil, nil, nil, nil, 0) == 1
    }

    private func awaitCommit() throws(TargetFailure) {
        var results = PostgresResults()
        do throws(TargetFailure) {
            while let result = try connection.nextResult() {
                defer { PQclear(result) }
                try results.add(result, wantsRows: false, comparing: connection.watch)
            }
            guard let result = try connection.nextResult() else { throw connection.sendFailure() }
            defer { PQclear(result) }
            // Not run where the comparison failed.
            if PQresultStatus(result) != PGRES_PIPELINE_ABORTED {
                try results.add(result, wantsRows: false)
            }
        } catch {
            throw Self.ofCommit(error)
        }
        if results.failure == nil, results.tags.last == "COMMIT" { return }
        guard var failure = results.failure else {
            try collect()
            // COMMIT of a failed transaction succeeds, with another tag.
            throw PostgresFailures.commitRolledBack
        }
        let isComparison = results.tags.isEmpty
        failure = connection.completed(failure)
        if failure.isConnectionLost { throw isComparison ? failure : Self.ofCommit(failure) }
        try collect()
        if isComparison, failure.targetCode == PostgresFailures.preparedMissing {
            connection.noticePooler()
            throw PostgresFailures.pooled
        }
        throw failure
    }

    private static func ofCommit(_ failure: TargetFailure) -> TargetFailure {
        var failure = failure
        failure.isOutcomeUnknown = failure.isConnectionLost
        return failure
    }

    /// Waits for all that was sent.
    func finish() throws(TargetFailure) -> Outcome {
        try collect()
        return try outcome()
    }

    private func start(isCancellable: Bool) throws(TargetFailure) {
        try connection.startStatement(isCancellable: isCancellable)
        guard PQenterPipelineMode(handle) == 1 else { throw connection.sendFailure() }
    }

    private func sync() throws(TargetFailure) {
        try sendProbes()
        guard PQpipelineSync(handle) == 1 else { throw connection.sendFailure() }
        try connection.flush()
    }

    private func deallocateLeft() throws(TargetFailure) {
        guard connection.transactionStatus == PQTRANS_IDLE else { return }
        for name in connection.statements.takeLeft() {
            do throws(TargetFailure) {
                try PostgresExchange(connection).run("DEALLOCATE \(name)")
            } catch {
                // Where it is gone already nothing is left to do.
                guard Self.poolerCodes.contains(error.targetCode), !error.isConnectionLost else {
                    throw error
                }
            }
        }
    }

    // MARK: Sending

    private func sendBeginning(
        _ lane: LaneKey, _ move: TargetDelivery.Move
    ) throws(TargetFailure) {
        guard PQsendQueryParams(handle, "BEGIN", 0, nil, nil, nil, nil, 0) == 1 else {
            throw connection.sendFailure()
        }
        commands.append(.begin)
        if connection.watch.isPooled {
            let isSent = PQsendQueryParams(
                handle, connection.watch.localStatement, 0, nil, nil, nil, nil, 0)
            guard isSent == 1 else { throw connection.sendFailure() }
            commands.append(.state)
        }
        try sendMove(lane, move)
        for (place, query) in queries.enumerated() { try send(query, at: place) }
        try sync()
    }

    private func sendMove(
        _ lane: LaneKey, _ move: TargetDelivery.Move
    ) throws(TargetFailure) {
        let sql = PostgresDialect.advanceOrFail
        var name = connection.statements.moveName
        if name == nil, connection.bindsValues {
            let new = connection.statements.newName()
            try prepare(new, Array(sql.utf8), types: [], .prepareMove(new))
            name = new
        }
        let parameters = CursorSQL.advanceParameters(lane, from: move.expected, to: move.next)
        let count = CInt(parameters.count)
        let values = CStringArray(parameters)
        let isSent = withExtendedLifetime(values) {
            if let name, connection.bindsValues {
                PQsendQueryPrepared(handle, name, count, values.pointer, nil, nil, 0) == 1
            } else {
                PQsendQueryParams(handle, sql, count, nil, values.pointer, nil, nil, 0) == 1
            }
        }
        guard isSent else { throw connection.sendFailure() }
        commands.append(.move)
    }

    private func send(_ query: BoundQuery, at place: Int) throws(TargetFailure) {
        let shape = query.shape
        let key = ObjectIdentifier(shape)
        if let name = newNames[key] { return try execute(query, name, at: place) }
        if let statement = connection.statements.find(shape) {
            reused[key] = shape
            return try execute(query, statement.name, at: place)
        }
        guard connection.statements.meet(shape) else { return try execute(query, nil, at: place) }
        let name = connection.statements.newName()
        try prepare(name, shape.sql, types: Self.types(of: shape), .prepare(place))
        newNames[key] = name
        try execute(query, name, at: place)
    }

    /// Once for each prepared statement that ran.
    private func sendProbes() throws(TargetFailure) {
        var asked: Set<ObjectIdentifier> = []
        for (place, query) in queries.enumerated() {
            let key = ObjectIdentifier(query.shape)
            guard newNames[key] != nil || reused[key] != nil, asked.insert(key).inserted else {
                continue
            }
            try prepare(
                "", query.shape.rowSQL, types: Self.rowTypes(of: query.shape), .probe(place))
            guard PQsendDescribePrepared(handle, "") == 1 else { throw connection.sendFailure() }
            commands.append(.describe(place))
        }
    }

    private func prepare(
        _ name: String, _ sql: [UInt8], types: [Oid], _ command: Command
    ) throws(TargetFailure) {
        let isSent = (sql + [0]).withUnsafeBytes { bytes in
            PQsendPrepare(
                handle, name, bytes.baseAddress!.assumingMemoryBound(to: CChar.self),
                CInt(types.count), types) == 1
        }
        guard isSent else { throw connection.sendFailure() }
        commands.append(command)
    }

    /// By the name of a prepared statement, or, without one, with its text.
    private func execute(
        _ query: BoundQuery, _ name: String?, at place: Int
    ) throws(TargetFailure) {
        let count = query.values.count
        let isSent = query.bytes.withUnsafeBytes { bytes in
            let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            let pointers = [UnsafePointer<CChar>?](unsafeUninitializedCapacity: count) {
                pointers, written in
                query.values.withUnsafeBufferPointer { values in
                    for index in 0..<count {
                        let value = values[index]
                        (pointers.baseAddress! + index).initialize(
                            to: value.isNull ? nil : start! + Int(value.offset))
                    }
                }
                written = count
            }
            if let name {
                return PQsendQueryPrepared(handle, name, CInt(count), pointers, nil, nil, 0) == 1
            }
            let types = Self.types(of: query.shape)
            return (query.shape.sql + [0]).withUnsafeBytes { sql in
                PQsendQueryParams(
                    handle, sql.baseAddress!.assumingMemoryBound(to: CChar.self), CInt(count),
                    types.isEmpty ? nil : types, pointers, nil, nil, 0) == 1
            }
        }
        guard isSent else { throw connection.sendFailure() }
        commands.append(.run(place))
    }

    // MARK: Types

    /// Empty: the server finds all of them.
    private static func types(of shape: BoundShape) -> [Oid] {
        guard !shape.isUntyped else { return [] }
        return (0..<shape.valueCount).map { oid(shape.type(ofValue: $0)) }
    }

    private static func rowTypes(of shape: BoundShape) -> [Oid] {
        guard !shape.isUntyped else { return [] }
        let list = shape.listCount > 0 ? [shape.listType] : []
        return (shape.sharedTypes + shape.columnTypes + list).map(oid)
    }

    /// https://github.com/postgres/postgres/blob/REL_15_STABLE/src/include/catalog/pg_type.dat
    private static func oid(_ type: BoundShape.ValueType) -> Oid {
        switch type {
        case .text: 0
        case .boolean: 16
        case .int64: 20
        case .int32: 23
        }
    }

    // MARK: Collecting

    private func collect() throws(TargetFailure) {
        var place = 0
        var isSynced = false
        while !isSynced {
            // Between two results of a command it changes nothing.
            connection.takeRowsOneByOne()
            guard let result = try connection.nextResult() else {
                // Between two commands; without a connection no end of the pipeline comes.
                if PQstatus(handle) == CONNECTION_BAD { break }
                place += 1
                continue
            }
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_PIPELINE_SYNC: isSynced = true
            case PGRES_PIPELINE_ABORTED: break
            default:
                try add(result, of: commands.indices.contains(place) ? commands[place] : .begin)
            }
        }
        if isSynced, PQexitPipelineMode(handle) != 1 { throw connection.sendFailure() }
        if let failed, failed.failure.isConnectionLost || PQstatus(handle) == CONNECTION_BAD {
            throw connection.completed(failed.failure)
        }
        if !isSynced { throw connection.sendFailure() }
    }

    private func add(_ result: OpaquePointer, of command: Command) throws(TargetFailure) {
        if case .describe(let place) = command, PQresultStatus(result) == PGRES_COMMAND_OK {
            probed.append((place, (0..<PQnparams(result)).map { PQparamtype(result, $0) }))
            return
        }
        if case .prepareMove(let name) = command, PQresultStatus(result) == PGRES_COMMAND_OK {
            connection.statements.moveName = name
        }
        if case .run = command {
            let before = results.rowCount
            try results.add(result, wantsRows: false)
            rowCounts[command.query ?? 0, default: 0] += results.rowCount - before
            if let failure = results.failure, failed == nil { failed = (command, failure) }
            return
        }
        var other = PostgresResults()
        try other.add(result, wantsRows: false)
        if let failure = other.failure, failed == nil { failed = (command, failure) }
    }

    private func outcome() throws(TargetFailure) -> Outcome {
        if let failed { return try outcome(of: failed.command, failed.failure) }
        guard connection.transactionStatus == PQTRANS_INTRANS else {
            throw PostgresFailures.transactionControl
        }
        try connection.requireReportedSettings()
        var isStale = false
        for (place, types) in probed {
            let shape = queries[place].shape
            if let name = newNames[ObjectIdentifier(shape)] {
                connection.statements.keep(shape, name: name, parameterTypes: types)
            } else if connection.statements.find(shape)?.parameterTypes != types {
                connection.statements.forget(shape)
                isStale = true
            }
        }
        return isStale
            ? .stale
            : .done(
                rowCounts: queries.indices.map { rowCounts[$0] ?? 0 })
    }

    private func outcome(
        of command: Command, _ failure: TargetFailure
    ) throws(TargetFailure) -> Outcome {
        for name in newNames.values { connection.statements.drop(name: name) }
        if case .move = command, failure.targetCode == Self.notMovedCode { return .notHeld }
        if Self.poolerCodes.contains(failure.targetCode), connection.bindsValues {
            connection.noticePooler()
            return queries.isEmpty ? .stale : .unbindable(query: command.query ?? 0)
        }
        var failure = failure
        failure.query = command.query
        guard let place = command.query else { throw connection.completed(failure) }
        if failure.class != .transient, !reused.isEmpty {
            for shape in reused.values { connection.statements.forget(shape) }
            // Refused rows are for the lane to part; whatever is sent next is prepared anew.
            if failure.class == .permanent { return .stale }
        }
        guard failure.class == .permanent else { throw connection.completed(failure) }
        return .unbindable(query: place)
    }
}
