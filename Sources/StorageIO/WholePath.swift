internal import Glibc

/// The path from the root on, where it is given from the working directory; as it is where it is
/// one already, or where there is no such directory any more. Links and `..` are left alone.
///
/// For what is kept: whoever reads it later may have started elsewhere.
package func wholePath(_ path: String) -> String {
    guard !path.hasPrefix("/"), let buffer = getcwd(nil, 0) else { return path }
    defer { free(buffer) }
    var rest = Substring(path)
    while rest.hasPrefix("./") { rest = rest.dropFirst(2).drop { $0 == "/" } }
    let directory = String(cString: buffer)
    return directory == "/" ? "/\(rest)" : "\(directory)/\(rest)"
}
