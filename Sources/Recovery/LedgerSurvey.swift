internal import FrameCodec
internal import Ledger
internal import SegmentModel
internal import StorageIO

/// Looks through every file of a ledger that reading in order gave up on, and says all that is
/// wrong: in each chunk, between the chunks, and in the manifest. Changes nothing.
///
/// Blocks: call it on an owned thread.
struct LedgerSurvey {
    private let directory: String
    private let chunks: String
    private let fileSystem: any FileSystem
    private var manifest: LedgerManifest?
    private var faults: [VerificationFault] = []
    /// Position after the last chunk looked at; nil: unknown.
    private var end: Position? = Position(0)
    private var previous: SurveyedChunk?

    /// How often it begins again because the process that writes has replaced the manifest.
    private static let attemptCount = 10

    static func run(
        directory: String, fileSystem: any FileSystem
    ) throws -> [VerificationFault] {
        do {
            var survey = LedgerSurvey(directory, fileSystem)
            for _ in 0..<attemptCount {
                try survey.run()
                let generation = survey.manifest?.generation
                var again = LedgerSurvey(directory, fileSystem)
                try again.readManifest()
                if again.manifest?.generation == generation { break }
                survey = again
            }
            return survey.faults
        } catch let error as StorageError {
            throw error.failure.wrapped("reading the ledger")
        }
    }

    private init(_ directory: String, _ fileSystem: any FileSystem) {
        self.directory = directory
        chunks = LedgerDirectory.chunks(directory)
        self.fileSystem = fileSystem
    }

    private mutating func run() throws {
        self = LedgerSurvey(directory, fileSystem)
        try readManifest()
        let names = try chunkNames()
        for (number, name) in names.enumerated() {
            let entry = manifest?.chunks[number]
            let next = number + 1 < names.count ? names[number + 1] : nil
            let nextPosition = manifest.flatMap {
                number + 1 < $0.chunks.count ? $0.chunks[number + 1].firstPosition : nil
            }
            try look(at: name, entry, isLast: next == nil, nextPosition)
        }
    }

    // MARK: The manifest

    private var manifestPath: String { chunks + "/" + LedgerDirectory.manifest }

    private mutating func readManifest() throws {
        guard try fileSystem.exists(manifestPath) else { return }
        let path = manifestPath
        var found: [VerificationFault] = []
        var manifest: LedgerManifest?
        _ = try FileInspection.inspect(path, fileSystem: fileSystem) { finding in
            if let what = finding.fault {
                found.append(VerificationFault(path: path, offset: finding.offset, what: what))
            } else if case .frame(let frame) = finding, case .manifest(let content) = frame.content,
                manifest == nil
            {
                manifest = content
            } else {
                found.append(
                    VerificationFault(
                        path: path, offset: finding.offset, what: "bytes stand behind its end"))
            }
        }
        if manifest == nil, found.isEmpty {
            found.append(VerificationFault(path: path, offset: 0, what: "it is empty"))
        }
        // Opening takes a manifest as a whole.
        self.manifest = found.isEmpty ? manifest : nil
        faults += found
    }

    private func chunkNames() throws -> [String] {
        if let manifest {
            return manifest.chunks.map {
                LedgerDirectory.chunkName($0.firstPosition, $0.chunkID)
            }
        }
        return try LedgerCopySource(directory: directory, fileSystem: fileSystem).chunkNames()
    }

    // MARK: Chunks

    private mutating func look(
        at name: String, _ entry: LedgerManifest.Chunk?, isLast: Bool, _ nextPosition: Position?
    ) throws {
        let path = chunks + "/" + name
        guard try fileSystem.exists(path) else {
            faults.append(
                VerificationFault(
                    path: path, firstPosition: entry?.firstPosition ?? end,
                    lastPosition: nextPosition?.predecessor,
                    what: "the file is missing, but the manifest names it"))
            previous = nil
            end = nextPosition
            return
        }
        let chunk = try SurveyedChunk(
            path, first: entry?.firstPosition ?? end, isLast: isLast, fileSystem: fileSystem)
        var found = chunk.faults
        found += misplacement(of: chunk, name, isLast: isLast)
        found += interruption(of: chunk, isLast: isLast, nextPosition)
        if found.isEmpty, let fault = disagreement(of: entry, chunk) { found.append(fault) }
        for index in found.indices
        where found[index].firstPosition != nil && found[index].lastPosition == nil {
            // What is damaged up to the next chunk's beginning may have held no event.
            if let nextPosition, nextPosition <= found[index].firstPosition! {
                found[index].firstPosition = nil
            } else {
                found[index].lastPosition = nextPosition?.predecessor
            }
        }
        faults += found
        // The next one is not blamed for what is wrong with this one.
        previous = found.isEmpty ? chunk : nil
        end = chunk.end
        if let nextPosition { end = nextPosition }
    }

    /// What is wrong with a chunk in its place.
    private func misplacement(
        of chunk: SurveyedChunk, _ name: String, isLast: Bool
    ) -> [VerificationFault] {
        guard let header = chunk.header else { return [] }
        var faults: [String] = []
        let own = LedgerDirectory.chunkName(header.firstPosition, header.chunkID)
        if own != name {
            faults.append("the file's name does not fit its content, which is that of \(own)")
        } else {
            if let end, header.firstPosition != end {
                faults.append(
                    "the chunk begins at position \(header.firstPosition), but position \(end) "
                        + "comes next")
            }
            if let manifest,
                manifest.ledger != header.ledger || manifest.timeline != header.timeline
            {
                faults.append("the chunk is of another ledger")
            }
            if let previous, let predecessor = header.predecessor,
                previous.isPredecessor(predecessor) == false
            {
                faults.append("the chunk does not follow the one before it")
            }
            if header.predecessor == nil, header.firstPosition > Position(0) {
                faults.append("the chunks before it are missing")
            }
        }
        return faults.map { what in
            VerificationFault(path: chunk.path, offset: 0, firstPosition: end, what: what)
        }
    }

    /// A chunk that ends before the next begins.
    private func interruption(
        of chunk: SurveyedChunk, isLast: Bool, _ nextPosition: Position?
    ) -> [VerificationFault] {
        guard !isLast, !chunk.isEnded, chunk.faults.isEmpty, let end = chunk.end else { return [] }
        let isLost = nextPosition.map { $0 > end } ?? true
        return [
            VerificationFault(
                path: chunk.path, firstPosition: isLost ? end : nil,
                what: "the chunk has no end, but another follows")
        ]
    }

    private func disagreement(
        of entry: LedgerManifest.Chunk?, _ chunk: SurveyedChunk
    ) -> VerificationFault? {
        guard let entry, let header = chunk.header, chunk.faults.isEmpty,
            entry.chunkID == header.chunkID, entry.seal != chunk.seal
        else { return nil }
        return VerificationFault(
            path: chunk.path, what: "the chunk is not sealed as the manifest says")
    }
}
