import ByteStream

/// A source of signatures: a key, or a program with a key.
public struct Signer: Sendable {
    private enum Method: Sendable {
        case key(PrivateKey)
        case command(String)
    }

    private let method: Method
    /// The key that verifies every new signature; nil for no check.
    private let publicKey: PublicKey?

    /// The maximum size of a signature: that of an RSA key of 16384 bits.
    private static let signatureByteLimit = 2048

    public init(key: PrivateKey, checkedBy publicKey: PublicKey? = nil) {
        method = .key(key)
        self.publicKey = publicKey ?? key.publicKey
    }

    /// - Parameters:
    ///   - command: run by `/bin/sh -c`, with the bytes to sign on its stdin; it must write the
    ///     signature in libcrypto's format to stdout. It inherits stderr.
    ///   - publicKey: verifies the signature; nil trusts the program.
    public init(command: String, checkedBy publicKey: PublicKey?) {
        method = .command(command)
        self.publicKey = publicKey
    }

    /// The key's identifier in bundles; nil when it is unknown.
    public var hint: String? { publicKey?.hint }

    /// - Throws: `SigningError`.
    public func sign(_ message: [UInt8]) throws(SigningError) -> [UInt8] {
        let signature =
            switch method {
            case .key(let key): try key.sign(message)
            case .command(let command): try Signer.run(command, message)
            }
        if let publicKey, !publicKey.verifies(signature, of: message) {
            throw .otherKey(publicKey.path)
        }
        return signature
    }

    private static func run(
        _ command: String, _ message: [UInt8]
    ) throws(SigningError) -> [UInt8] {
        let result: ChildProcess.Result
        do {
            result = try ChildProcess.filter(
                "/bin/sh", arguments: ["-c", Path(command)], input: message,
                outputLimit: signatureByteLimit + 1)
        } catch {
            throw .command(problem: "\(error)")
        }
        guard result.status == 0 else { throw .command(problem: "status \(result.status)") }
        guard !result.output.isEmpty else { throw .command(problem: "it wrote no signature") }
        guard result.output.count <= signatureByteLimit else {
            throw .command(problem: "it wrote more than \(signatureByteLimit) bytes")
        }
        return result.output
    }
}
