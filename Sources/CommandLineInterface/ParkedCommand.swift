internal import ArgumentParser
internal import EventJSON
internal import Ledger
internal import OperatorConfiguration
internal import Projection
internal import SegmentModel
internal import Sync

struct ParkedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parked",
        abstract: "Show the changes that a target refuses, try them again or give them up.",
        discussion: """
            A refused change is set aside with its reason, and later changes of the same profile \
            and segment wait behind it; everything else is delivered. --redrive tries them again \
            in order, with the profile's fields as they are now. --discard gives up what is \
            refused and delivers what waits behind it. Both are events in the ledger. Exit code 5 \
            says that changes stay parked.
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The integration.") var name: String
    @Flag(name: .long, help: "Try the parked changes again.") var redrive = false
    @Flag(name: .long, help: "Give up what the target refuses.") var discard = false
    @Option(name: .long, help: "Only changes of this segment.") var segment: Int64?
    @Option(name: .long, help: "Only changes of this profile.") var profile: String?
    @Option(name: .long, help: "How many to show at most.") var limit = 100

    @OptionGroup var patience: Patience

    func validate() throws {
        guard !(redrive && discard) else {
            throw ValidationError("--redrive and --discard exclude each other")
        }
        guard limit > 0 else { throw ValidationError("--limit takes a number from 1 on") }
    }

    func run() async throws {
        try patience.check()
        if redrive || discard {
            try await decide(redrive ? .redriveRequested : .parkedDiscarded)
        } else {
            try await list()
        }
    }

    // MARK: Deciding

    private func decide(_ kind: EventKind) async throws {
        let outcomes = try await Workspace.with(global.directory, .write) { workspace in
            let definition = try await workspace.integration(name)
            let selection = try selection(workspace)
            let rows = try await matching(selection, workspace)
            guard !rows.isEmpty else { return [IntegrationOutcome]() }
            var batch = EventBatch()
            batch.append(kind, body: selection.encode())
            _ = try await workspace.ledger.append(batch)
            let connectors = try await workspace.configuration().connectors
            var options = SyncEngine.Options()
            patience.apply(to: &options)
            options.progress = ProgressLine.show
            options.tell = NoticeLine.teller(isEndReported: true)
            let (engine, settings) = (try await workspace.engine(), options)
            return try await Interruption.run {
                try await engine.run([definition], connectors: connectors, options: settings)
            }
        }
        Terminal.endProgress()
        guard !outcomes.isEmpty else {
            Terminal.printLine(
                global.json ? "{\"integrations\":[]}" : "\(name): nothing of that is parked")
            return
        }
        try OutcomeReport.print(outcomes, json: global.json)
    }

    private func selection(_ workspace: Workspace) throws -> ParkedSelection {
        var selection = ParkedSelection(
            integration: name, segment: segment.map { SegmentID($0) })
        if let profile {
            guard let ordinal = workspace.ledger.ordinal(of: profile) else {
                throw Failure(
                    .notFound, "the ledger knows no profile with this id",
                    hint: "see 'segledger parked \(name)'")
            }
            selection.profile = ordinal
        }
        return selection
    }

    private func matching(
        _ selection: ParkedSelection, _ workspace: Workspace
    ) async throws -> [ParkedRow] {
        let name = name
        return try await workspace.store.read { try $0.parked(of: name) }.filter { row in
            row.change.lane.segment == (selection.segment ?? row.change.lane.segment)
                && row.change.profile == (selection.profile ?? row.change.profile)
        }
    }

    // MARK: Showing

    private func list() async throws {
        let (rows, ids) = try await Workspace.with(global.directory, .read) { workspace in
            _ = try await workspace.integration(name)
            let rows = try await matching(try selection(workspace), workspace)
            return (rows, rows.map { workspace.ledger.profileID(of: $0.change.profile) })
        }
        if global.json {
            Terminal.printLine(json(rows, ids))
            return
        }
        guard !rows.isEmpty else {
            Terminal.printLine("nothing is parked")
            return
        }
        var table = TextTable(
            "SEGMENT", "PROFILE", "QUERY", "POSITION", "STATE", "TRIES", "SINCE", "CODE", "REASON")
        for (row, id) in zip(rows, ids).prefix(limit) {
            let change = row.change
            table.add(
                change.lane.segment.description, Terminal.printable(id), change.query.rawValue,
                change.position.description, Self.state(row), String(change.attempt),
                row.time.description, change.targetCode ?? change.errorCode ?? "-",
                change.errorMessage ?? "waits behind an earlier change of the profile")
        }
        Terminal.printLine(table.printed())
        if rows.count > limit {
            Terminal.printLine("\(rows.count - limit) more: give --limit, or --json for all")
        }
        if let hint = rows.compactMap(\.change.errorHint).first {
            Terminal.printLine("hint: \(ErrorReport.hint(hint, for: name))")
        }
    }

    private static func state(_ row: ParkedRow) -> String {
        row.due == nil ? row.change.reason.rawValue : "to be tried"
    }

    private func json(_ rows: [ParkedRow], _ ids: [String]) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.key("parked")
        json.beginArray()
        for (row, id) in zip(rows, ids) {
            let change = row.change
            json.beginObject()
            json.member("segment_id", change.lane.segment.rawValue)
            json.member("profile", id)
            json.member("query", change.query.rawValue)
            json.member("position", change.position.rawValue)
            json.member("reason", change.reason.rawValue)
            json.member("is_due", row.due != nil)
            json.member("attempts", change.attempt)
            json.member("since", row.time.description)
            json.member("code", change.errorCode)
            json.member("target_code", change.targetCode)
            json.member("message", change.errorMessage)
            json.member("hint", change.errorHint.map { ErrorReport.hint($0, for: name) })
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.text
    }
}
