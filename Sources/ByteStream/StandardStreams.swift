import Synchronization

/// The numbers of bytes that passed this process's standard streams.
public enum StandardStreams {
    private static let input = Atomic<Int64>(0)
    private static let output = Atomic<Int64>(0)

    /// The number of bytes read from stdin.
    public static var inputByteCount: Int64 { input.load(ordering: .relaxed) }

    /// The number of bytes written to stdout.
    public static var outputByteCount: Int64 { output.load(ordering: .relaxed) }

    /// - Parameter byteCount: the count of one reader from its beginning, because a file may be
    ///   read twice.
    static func noteInput(_ byteCount: Int64) { input.max(byteCount, ordering: .relaxed) }

    static func noteOutput(_ count: Int) { output.add(Int64(count), ordering: .relaxed) }
}
