internal import FrameCodec
internal import Ledger
internal import SegmentModel
internal import StorageIO

/// One chunk looked through by itself: all that is wrong with it without regard to its neighbours,
/// and what the neighbours have to fit to.
struct SurveyedChunk {
    let path: String
    /// Nil: the first frame cannot be read.
    private(set) var header: ChunkHeader?
    private(set) var faults: [VerificationFault] = []
    /// Position after its last event that can be read; nil: none can.
    private(set) var end: Position?
    private(set) var footer: ChunkFooter?
    /// It ends with an end frame.
    private(set) var isEnded = false
    private var contents: SealedContents?
    private var goodByteCount = 0
    private var frameCount: UInt64 = 0
    /// A gap whose last position the next frame tells.
    private var openGap: Int?
    private let first: Position?

    /// - Parameters:
    ///   - first: the position of its first event, if that is known.
    ///   - isLast: bytes at its end that were never acknowledged are no fault.
    init(
        _ path: String, first: Position?, isLast: Bool, fileSystem: any FileSystem
    ) throws {
        self.path = path
        self.first = first
        var findings: [(offset: Int, faultCount: Int)] = []
        let summary = try FileInspection.inspect(path, fileSystem: fileSystem) { finding in
            let before = faults.count
            add(finding)
            if faults.count > before { findings.append((finding.offset, faults.count)) }
        }
        if isLast, let torn = findings.first(where: { $0.offset >= summary.durableUpTo }) {
            // What a crash left; the next opening sets it aside.
            let kept = findings.last(where: { $0.offset < torn.offset })?.faultCount ?? 0
            faults.removeSubrange(kept...)
        }
        if header == nil, faults.isEmpty {
            faults.append(
                VerificationFault(
                    path: path, offset: 0,
                    what: "there is no frame that says which chunk it is"))
        }
        checkFooter()
    }

    private mutating func add(_ finding: FileFinding) {
        switch finding {
        case .gap(let gap):
            guard gap.isFault else { return }
            faults.append(
                VerificationFault(
                    path: path, offset: gap.offset,
                    firstPosition: gap.firstPosition ?? end ?? first,
                    what: "\(gap.byteCount) bytes are damaged: \(gap.error)"))
            openGap = faults.count - 1
        case .frame(let frame):
            closeGap(before: frame)
            add(frame)
        }
    }

    /// A gap that held no event, but a mark, has no positions.
    private mutating func closeGap(before frame: FrameFinding) {
        guard let gap = openGap, !frame.faults.contains(.salt) else { return }
        openGap = nil
        guard let first = faults[gap].firstPosition else { return }
        if frame.header.firstPosition > first {
            faults[gap].lastPosition = frame.header.firstPosition.predecessor
        } else {
            faults[gap].firstPosition = nil
        }
    }

    private mutating func add(_ frame: FrameFinding) {
        if isEnded {
            faults.append(
                VerificationFault(
                    path: path, offset: frame.offset,
                    what: "a frame stands behind the chunk's end"))
            return
        }
        if !frame.faults.isEmpty {
            let hasEvents = frame.header.eventCount > 0 && !frame.faults.contains(.salt)
            faults.append(
                VerificationFault(
                    path: path, offset: frame.offset,
                    firstPosition: hasEvents ? frame.header.firstPosition : nil,
                    lastPosition: hasEvents ? frame.endPosition.predecessor : nil,
                    what: frame.faults.map(\.description).joined(separator: "; ")))
        }
        guard !frame.faults.contains(.salt) else { return }
        end = max(end ?? frame.endPosition, frame.endPosition)
        goodByteCount = frame.offset + frame.header.frameByteCount
        frameCount = frame.header.frameNumber &+ 1
        isEnded = frame.header.kind == .end
        switch frame.content {
        case .chunk(let header) where frame.offset == 0:
            self.header = header
            contents = SealedContents(header)
        case .events(let events):
            contents?.add(
                events, offset: frame.offset, byteCount: frame.header.frameByteCount)
        case .footer(let footer): self.footer = footer
        case .chunk, .manifest:
            faults.append(
                VerificationFault(
                    path: path, offset: frame.offset,
                    what: "a frame of this kind has no place here"))
        case .none: break
        }
    }

    private mutating func checkFooter() {
        guard let footer, let contents, faults.isEmpty, !contents.isDescribed(by: footer) else {
            return
        }
        faults.append(
            VerificationFault(
                path: path, offset: contents.footerOffset,
                what: "the footer does not say what the blocks hold"))
    }

    /// What the manifest has to say of it; nil: it is not sealed, or too damaged to tell.
    var seal: LedgerManifest.Seal? {
        guard let footer, let contents, faults.isEmpty else { return nil }
        return contents.seal(footer)
    }

    /// Whether the next chunk may call this one its predecessor; nil: too damaged to tell.
    func isPredecessor(_ predecessor: ChunkHeader.Predecessor) -> Bool? {
        if predecessor == footer?.replaced { return true }
        guard let header, faults.isEmpty else { return nil }
        return predecessor
            == ChunkHeader.Predecessor(
                chunkID: header.chunkID, byteCount: UInt64(goodByteCount), frameCount: frameCount)
    }
}
