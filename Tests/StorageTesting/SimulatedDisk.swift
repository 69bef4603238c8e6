/// A disk with one file system: files by number, directories by number, the root is 0.
///
/// A value: a copy is an independent disk. Paths are absolute. The caller has checked that a change
/// is possible.
struct SimulatedDisk: Sendable {
    /// What changes a disk, in the order in which it happened.
    enum Change: Sendable {
        case makeDirectory(String)
        case create(String)
        case write(file: Int, offset: Int, bytes: [UInt8])
        case truncate(file: Int, size: Int)
        case sync(file: Int)
        /// The seed decides what reached the disk.
        case failSync(file: Int, seed: UInt64)
        case dropCache(file: Int)
        case rename(String, String)
        case remove(String)
        case syncDirectory(String)
    }

    private(set) var files: [SimulatedContent] = []
    private var folders = [SimulatedFolder()]

    // MARK: Looking

    func entry(_ path: String) -> SimulatedFolder.Entry? {
        var entry = SimulatedFolder.Entry.folder(0)
        for name in path.split(separator: "/") {
            guard case .folder(let number) = entry,
                let next = folders[number].current[String(name)]
            else { return nil }
            entry = next
        }
        return entry
    }

    func folder(_ path: String) -> Int? {
        guard case .folder(let number) = entry(path) else { return nil }
        return number
    }

    func file(_ path: String) -> Int? {
        guard case .file(let number) = entry(path) else { return nil }
        return number
    }

    func names(in folder: Int) -> [String] { folders[folder].current.keys.sorted() }

    /// Paths of all files, sorted.
    var paths: [String] {
        var found: [String] = []
        func visit(_ folder: Int, _ path: String) {
            for (name, entry) in folders[folder].current {
                switch entry {
                case .file: found.append(path + "/" + name)
                case .folder(let number): visit(number, path + "/" + name)
                }
            }
        }
        visit(0, "")
        return found.sorted()
    }

    /// Whether nothing would be lost in a power cut.
    var isSettled: Bool {
        files.allSatisfy(\.pending.isEmpty) && folders.allSatisfy(\.pending.isEmpty)
    }

    // MARK: Changing

    mutating func apply(_ change: Change) {
        switch change {
        case .makeDirectory(let path):
            folders.append(SimulatedFolder())
            changeEntry(path) { [number = folders.count - 1] in .set($0, .folder(number)) }
        case .create(let path):
            files.append(SimulatedContent())
            changeEntry(path) { [number = files.count - 1] in .set($0, .file(number)) }
        case .write(let file, let offset, let bytes):
            files[file].change(.write(offset: offset, bytes: bytes))
        case .truncate(let file, let size): files[file].change(.truncate(size))
        case .sync(let file): files[file].sync()
        case .failSync(let file, let seed):
            var generator = SeededGenerator(seeds: seed)
            files[file].failSync(&generator)
        case .dropCache(let file): files[file].dropCache()
        case .rename(let source, let target): move(source, target)
        case .remove(let path): changeEntry(path) { .remove($0) }
        case .syncDirectory(let path): folders[folder(path)!].sync()
        }
    }

    private mutating func changeEntry(
        _ path: String, _ change: (String) -> SimulatedFolder.Change
    ) {
        let (parent, name) = splitPath(path)
        let number = folder(parent)!
        let entry = change(name)
        folders[number].change(entry)
    }

    /// A rename between two directories is two changes: a power cut may keep one of them.
    private mutating func move(_ source: String, _ target: String) {
        let entry = entry(source)!
        let (sourceParent, sourceName) = splitPath(source)
        let (targetParent, targetName) = splitPath(target)
        if sourceParent == targetParent {
            changeEntry(target) { .move(sourceName, $0, entry) }
        } else {
            folders[folder(targetParent)!].change(.set(targetName, entry))
            folders[folder(sourceParent)!].change(.remove(sourceName))
        }
    }

    /// Makes a directory and its parents as if they had always been there.
    mutating func placeDirectory(_ path: String) {
        var parent = ""
        for name in path.split(separator: "/") {
            let next = parent + "/" + name
            if folder(next) == nil { apply(.makeDirectory(next)) }
            apply(.syncDirectory(parent))
            parent = next
        }
    }

    /// Writes a file as if it had always been there.
    mutating func place(_ bytes: [UInt8], at path: String) {
        let parent = splitPath(path).parent
        placeDirectory(parent)
        if let file = file(path) {
            files[file] = SimulatedContent(kept: bytes)
        } else {
            files.append(SimulatedContent(kept: bytes))
            changeEntry(path) { [number = files.count - 1] in .set($0, .file(number)) }
            apply(.syncDirectory(parent))
        }
    }

    // MARK: Power cut

    /// The disk as it may look after a power cut now. Files whose last name is lost are out of
    /// reach.
    func crashed(_ mode: CrashMode, _ generator: inout SeededGenerator) -> SimulatedDisk {
        var disk = self
        for index in files.indices {
            disk.files[index] = SimulatedContent(kept: files[index].crashed(mode, &generator))
        }
        for index in folders.indices {
            disk.folders[index] = SimulatedFolder(kept: folders[index].crashed(mode, &generator))
        }
        return disk
    }
}

/// The directory of a path, and the name in it.
func splitPath(_ path: String) -> (parent: String, name: String) {
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    return (String(path[..<slash]), String(path[slash...].dropFirst()))
}
