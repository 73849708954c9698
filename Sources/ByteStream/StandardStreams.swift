import Synchronization

/// What this process has moved through its standard streams so far.
public enum StandardStreams {
    private static let input = Atomic<Int64>(0)
    private static let output = Atomic<Int64>(0)

    /// Bytes that came from stdin.
    public static var inputByteCount: Int64 { input.load(ordering: .relaxed) }

    /// Bytes that went to stdout.
    public static var outputByteCount: Int64 { output.load(ordering: .relaxed) }

    /// - Parameter byteCount: of one reader from its beginning: a file may be read twice.
    static func noteInput(_ byteCount: Int64) { input.max(byteCount, ordering: .relaxed) }

    static func noteOutput(_ count: Int) { output.add(Int64(count), ordering: .relaxed) }
}
