internal import FrameCodec
internal import Ledger
internal import SegmentModel
internal import StorageIO

/// What stands in a ledger's directory besides its chunks: files made ahead, which must hold
/// nothing, and what crashes and recoveries leave.
struct OtherFiles {
    private(set) var faults: [VerificationFault] = []
    /// A fault unless the ledger is from a version that wrote no manifest.
    private(set) var missingManifest: VerificationFault?
    /// What to know about, though nothing is wrong.
    private(set) var remarks: [String] = []
    /// Where sealed chunks end, by what the manifest says.
    private var seals: [String: Int] = [:]

    /// - Parameter told: files that are known to be damaged.
    init(
        _ directory: String, _ fileSystem: any FileSystem, told: Set<String>
    ) throws {
        let chunks = LedgerDirectory.chunks(directory)
        let manifest = chunks + "/" + LedgerDirectory.manifest
        do {
            let source = try LedgerCopySource(directory: directory, fileSystem: fileSystem)
            let named = Set(try source.chunkNames())
            if try fileSystem.exists(manifest) { try readSeals(manifest, chunks, fileSystem) }
            for name in try fileSystem.list(chunks) {
                let path = chunks + "/" + name
                if name == LedgerDirectory.manifest {
                    if !told.contains(path) { try lookAtManifest(path, fileSystem) }
                } else if name == LedgerDirectory.snapshot {
                    try lookAtSnapshot(path, fileSystem)
                } else if LedgerDirectory.isSpare(name) {
                    try lookAtSpare(path, fileSystem)
                } else if named.contains(name) {
                    if !told.contains(path) { try lookBehindEnd(path, fileSystem) }
                } else {
                    remarks.append("\(path): \(Self.meaning(name)); it is not read")
                }
            }
            if try !fileSystem.exists(manifest) {
                missingManifest = VerificationFault(
                    path: manifest,
                    what: "the file is missing, so nobody knows whether chunks behind the last one "
                        + "are missing too",
                    hint: "compare the number of events with what you expect or with a backup; if "
                        + "it is right, the next command that writes makes the file again")
            }
        } catch let error as StorageError {
            throw error.failure.wrapped("reading the ledger")
        }
    }

    private mutating func readSeals(
        _ path: String, _ chunks: String, _ fileSystem: any FileSystem
    ) throws {
        _ = try FileInspection.inspect(path, fileSystem: fileSystem) { finding in
            guard case .frame(let frame) = finding, case .manifest(let manifest) = frame.content
            else { return }
            for chunk in manifest.chunks {
                let name = LedgerDirectory.chunkName(chunk.firstPosition, chunk.chunkID)
                seals[chunks + "/" + name] = chunk.seal.map { Int($0.byteCount) }
            }
        }
    }

    /// Read in order, a damaged manifest does no harm.
    private mutating func lookAtManifest(_ path: String, _ fileSystem: any FileSystem) throws {
        var frameCount = 0
        _ = try FileInspection.inspect(path, fileSystem: fileSystem) { finding in
            frameCount += 1
            let what = finding.fault ?? (frameCount > 1 ? "bytes stand behind its end" : nil)
            guard let what else { return }
            faults.append(VerificationFault(path: path, offset: finding.offset, what: what))
        }
        if frameCount == 0 {
            faults.append(VerificationFault(path: path, offset: 0, what: "it is empty"))
        }
    }

    /// Without it, more of the ledger is read at the next opening, and nothing is lost.
    private mutating func lookAtSnapshot(_ path: String, _ fileSystem: any FileSystem) throws {
        do {
            _ = try DictionarySnapshotSummary(path, fileSystem)
        } catch let failure as Failure {
            // What an update of the program leaves behind is no fault.
            guard failure.code != .formatUnknown else {
                remarks.append("\(failure.message) (hint: \(failure.hint ?? ""))")
                return
            }
            let what = failure.message.dropFirst(path.count + 2)
            faults.append(
                VerificationFault(
                    code: failure.code, path: path, what: String(what), hint: failure.hint ?? ""))
        }
    }

    /// Nobody reads what stands behind the end of a sealed chunk.
    private mutating func lookBehindEnd(_ path: String, _ fileSystem: any FileSystem) throws {
        guard let end = seals[path], try fileSystem.exists(path) else { return }
        let file = try fileSystem.open(path, .read)
        let byteCount = try file.size()
        try file.close()
        guard byteCount > end else { return }
        faults.append(
            VerificationFault(
                path: path, offset: end,
                what: "\(byteCount - end) bytes stand behind the chunk's end: no event is lost",
                hint: "they are not read; check the disk"))
    }

    /// A spare that is about to become a chunk has a header already, and may be gone by now.
    private mutating func lookAtSpare(_ path: String, _ fileSystem: any FileSystem) throws {
        guard try fileSystem.exists(path) else { return }
        var other: Int?
        let summary = try FileInspection.inspect(path, fileSystem: fileSystem) { finding in
            if other == nil, finding.isFault { other = finding.offset }
            if case .frame(let frame) = finding {
                let isHeader =
                    frame.offset == 0 && frame.header.kind == .chunk && frame.faults.isEmpty
                if !isHeader, other == nil { other = frame.offset }
            }
        }
        guard let other, summary.byteCount > 0, try fileSystem.exists(path) else { return }
        faults.append(
            VerificationFault(
                path: path, offset: other,
                what: "a file made ahead has to hold zeros, and does not: nothing is lost",
                hint: "the next command that writes removes it; check the disk, which returns what "
                    + "was not written"))
    }

    private static func meaning(_ name: String) -> String {
        if name.hasSuffix(".torn") { return "what was set aside when a torn tail was cut" }
        if name.hasSuffix(".aside") { return "a file that was moved aside" }
        if name.hasSuffix(LedgerDirectory.unfinished) { return "a file that is being written" }
        if LedgerDirectory.isChunk(name) { return "a chunk that another one takes the place of" }
        return "a file that is no part of the ledger"
    }
}
