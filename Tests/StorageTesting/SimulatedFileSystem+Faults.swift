internal import Glibc
internal import StorageIO
internal import Synchronization

extension SimulatedFileSystem {
    /// Counts the operation, lets it fail if that was ordered, and otherwise carries it out.
    ///
    /// - Parameters:
    ///   - needsRoom: whether it takes more of the disk than before.
    ///   - failing: what a failure leaves behind.
    func perform<Result>(
        _ kind: SimulatedOperation.Kind, _ path: String, file: Int? = nil,
        needsRoom: (State) -> Bool = { _ in false },
        failing: (inout State, InjectedFault) -> Void = { _, _ in },
        _ body: (inout State) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        let outcome: Swift.Result<Result, StorageError> = state.withLock { state in
            let number = state.operations.count
            state.operations.append(SimulatedOperation(kind: kind, path: path, file: file))
            if let fault = state.fault, number >= fault.operation,
                state.strikes(fault, kind, at: number, needsRoom: needsRoom(state))
            {
                state.operations[number].errno = fault.errno
                failing(&state, fault)
                if fault.effect == .doneInPart, kind != .write {
                    do throws(StorageError) {
                        _ = try body(&state)
                    } catch {
                        return .failure(error)
                    }
                }
                return .failure(
                    StorageError(call: kind.rawValue, path: path, errno: fault.errno))
            }
            do throws(StorageError) {
                return .success(try body(&state))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }
}

extension SimulatedFileSystem.State {
    fileprivate func strikes(
        _ fault: InjectedFault, _ kind: SimulatedOperation.Kind, at number: Int, needsRoom: Bool
    ) -> Bool {
        if number == fault.operation { return true }
        guard fault.duration == .forever else { return false }
        if fault.errno == ENOSPC || fault.errno == EDQUOT {
            return kind == .create || kind == .makeDirectory || needsRoom
        }
        return true
    }
}
