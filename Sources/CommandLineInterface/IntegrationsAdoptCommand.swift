internal import ArgumentParser
internal import EventJSON
internal import Ledger
internal import OperatorConfiguration
internal import Projection
internal import SegmentModel
internal import Sync

extension IntegrationsCommand {
    struct Adopt: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Go on from where the target's rows stand, after its database went back.",
            discussion: """
                For a target whose rows and segledger_cursor went back together, as where its \
                database was restored from a backup: what was delivered since is delivered again, \
                without a full resync. Refused where the rows are not this ledger's. Segments that \
                the target's backup does not know are rebuilt with the next sync.
                """)

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The integration.") var name: String
        @Flag(name: .long, help: "Say what would be done, and change nothing.") var plan = false

        func run() async throws {
            let report = try await Workspace.with(global.directory, .write) { workspace in
                let definition = try await workspace.integration(name)
                let state = try await workspace.configuration()
                let report = try await workspace.engine().adopt(
                    definition, connectors: state.connectors, isPlan: plan)
                try await workspace.projector.foldToEnd()
                return report
            }
            if global.json { return Terminal.printLine(json(report)) }
            for line in lines(report) { Terminal.printLine(line) }
        }

        private func json(_ report: AdoptionReport) -> String {
            var json = JSONWriter()
            json.beginObject()
            json.member("integration", name)
            json.member("plan", plan)
            json.key("adopted")
            json.beginArray()
            for lane in report.adopted {
                json.beginObject()
                json.member("segment_id", lane.segment.rawValue)
                json.member("from", lane.from.position?.rawValue)
                json.member("to", lane.to.position?.rawValue)
                json.endObject()
            }
            json.endArray()
            json.key("rebuilt")
            json.beginArray()
            for segment in report.rebuilt { json.value(segment.rawValue) }
            json.endArray()
            json.member("redriven", report.redrivenCount)
            json.member("unchanged", report.unchangedCount)
            json.endObject()
            return json.text
        }

        private func lines(_ report: AdoptionReport) -> [String] {
            if report.adopted.isEmpty, report.rebuilt.isEmpty {
                return [
                    "\(name): the target's rows stand where they were left, at "
                        + counted(report.unchangedCount, "segment")
                ]
            }
            let isPlan = plan
            var lines = report.adopted.map { lane in
                let place = lane.to.position.map { "position \($0)" } ?? "the beginning"
                return "\(name), segment \(lane.segment): \(isPlan ? "would go" : "goes") on from "
                    + place
            }
            lines += report.rebuilt.map { segment in
                "\(name), segment \(segment): \(isPlan ? "would be" : "is") rebuilt"
            }
            if report.redrivenCount > 0 {
                lines.append(
                    "\(name): \(counted(report.redrivenCount, "parked change")) that had been "
                        + "tried again \(isPlan ? "would be" : "will be") tried once more")
            }
            if !isPlan { lines.append("run 'segledger sync' to deliver what came since") }
            return lines
        }
    }
}
