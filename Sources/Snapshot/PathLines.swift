import ByteStream
import Tar

/// Lists of paths in the format of `oci-tar --files-from`.
public enum PathLines {
    /// Writes the paths to stdout, each ended by a newline or a zero byte, between the marks that
    /// prove that the list is complete. Without paths, nothing is written.
    ///
    /// - Throws: `SnapshotError.newline` for a path with a newline, before anything is written;
    ///   `.stream`.
    public static func write(
        _ paths: [Path], isNullSeparated: Bool
    ) throws(SnapshotError) {
        let newline = UInt8(ascii: "\n")
        if !isNullSeparated, let path = paths.first(where: { $0.bytes.contains(newline) }) {
            throw .newline(path: path)
        }
        if paths.isEmpty { return }
        let output = OutputBuffer()
        do {
            for path in [PathList.beginMark] + paths + [PathList.endMark] {
                try output.append(path.bytes + [isNullSeparated ? 0 : newline])
            }
            try output.flush()
        } catch {
            throw .stream(error)
        }
    }
}
