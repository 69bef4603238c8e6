internal import EventJSON
internal import Ledger
internal import Recovery
internal import SegmentModel
internal import StorageIO

/// All that is damaged in a ledger's files, after a verification stopped at the first of it.
enum VerificationFaults {
    private struct Fault {
        var path: String
        var offset: Int
        var what: String
    }

    /// Faults listed for people; programs get all.
    private static let shownCount = 20

    /// Prints what is damaged where, besides the failure itself, which the caller throws.
    static func report(_ failure: Failure, _ directory: String, json isJSON: Bool) throws {
        guard failure.code == .ledgerCorrupt || failure.code == .formatUnknown else { return }
        let faults = try faults(LedgerDirectory.chunks(directory))
        guard !isJSON else {
            Terminal.printLine(json(failure, faults))
            return
        }
        for fault in faults.prefix(shownCount) {
            Terminal.printError("\(fault.path): at offset \(fault.offset): \(fault.what)")
        }
        if faults.count > shownCount {
            Terminal.printError("and \(faults.count - shownCount) more places")
        }
        if let first = faults.first {
            Terminal.printError("'segledger dump \(first.path)' shows what can still be read")
        }
    }

    private static func faults(_ chunks: String) throws -> [Fault] {
        var faults: [Fault] = []
        let names: [String]
        do {
            names = try LocalFileSystem().list(chunks)
        } catch {
            throw error.failure
        }
        for name in names where LedgerDirectory.isChunk(name) || name == LedgerDirectory.manifest {
            _ = try FileInspection.inspect(chunks + "/" + name) { finding in
                guard let what = finding.fault else { return }
                faults.append(
                    Fault(path: chunks + "/" + name, offset: finding.offset, what: what))
            }
        }
        return faults
    }

    private static func json(_ failure: Failure, _ faults: [Fault]) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.key("whole")
        json.value(false)
        json.member("code", failure.code.rawValue)
        json.member("message", failure.message)
        json.member("hint", failure.hint)
        json.key("faults")
        json.beginArray()
        for fault in faults {
            json.beginObject()
            json.member("file", fault.path)
            json.member("offset", fault.offset)
            json.member("fault", fault.what)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.text
    }
}
