import ByteStream
import CBuild
import Glibc

/// The version of the toolkit and the commit it was built from, as `--version` prints them.
public enum Version {
    private static let release = "0.1.0"
    private static let commit = String(cString: build_commit)

    public static let text = "ocinoco \(release)" + (commit.isEmpty ? "" : " (\(commit))")

    /// The same as one word, as in `0.1.0+1a2b3c4`.
    ///
    /// - Spec: Semantic Versioning 2.0.0, build metadata.
    public static let number = release + (commit.isEmpty ? "" : "+\(commit)")

    /// The same with the kind of package that installed this binary, as in `ocinoco 0.1.0 (1a2b3c4, wheel)`.
    static var textWithPackage: String {
        guard let package else { return text }
        return text.hasSuffix(")") ? "\(text.dropLast()), \(package))" : "\(text) (\(package))"
    }

    /// The content of the file `package` beside the binary: `deb`, `rpm`, `wheel`, `npm`, `tarball`
    /// or another word by the packager. Nil without such a file.
    private static var package: String? {
        guard let binary = ("/proc/self/exe" as Path).linkTarget,
            let bytes = try? InputStream.readFile(
                binary.directory.appending("package"), limit: 64)
        else { return nil }
        let word = bytes.prefix { $0 > UInt8(ascii: " ") && $0 < 0x7F }
        return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
    }
}
