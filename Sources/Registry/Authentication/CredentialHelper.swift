import ByteStream
import JSON

/// A program that stores credentials, `docker-credential-NAME`.
///
/// - Spec: the docker-credential-helpers protocol: an action as the argument, its input on stdin,
///   JSON on stdout.
struct CredentialHelper {
    let name: String
    /// Directory of the program; nil means PATH.
    var directory: String?

    /// The maximum number of bytes of an answer.
    private static let outputLimit = 1 << 20

    /// - Throws: `RegistryError.credentialHelper`.
    private func run(_ action: String, _ input: [UInt8]) throws(RegistryError)
        -> ChildProcess.Result
    {
        let isPlain = name.utf8.allSatisfy { $0.isAlphanumeric || "-_.+".utf8.contains($0) }
        guard isPlain, !name.isEmpty else { throw failure("not the name of a helper") }
        let program = "docker-credential-\(name)"
        let result: ChildProcess.Result
        do {
            result = try ChildProcess.run(
                Path(directory.map { "\($0)/\(program)" } ?? program), arguments: [Path(action)],
                input: input, outputLimit: CredentialHelper.outputLimit)
        } catch {
            throw failure("cannot run '\(program)': \(error)")
        }
        guard result.output.count < CredentialHelper.outputLimit else {
            throw failure("more than \(CredentialHelper.outputLimit) bytes of output")
        }
        return result
    }

    private func failure(_ problem: String) -> RegistryError {
        .credentialHelper(name: name, problem: problem)
    }

    /// The credentials of `server`; nil when the helper has none.
    func get(_ server: String) throws(RegistryError) -> Credential? {
        let result = try run("get", Array(server.utf8))
        guard result.status == 0 else {
            let text = ErrorBody.shortened(
                String(decoding: result.output.prefix(200), as: UTF8.self))
            if text?.lowercased().contains("credentials not found") ?? false { return nil }
            throw failure(text ?? "status \(result.status)")
        }
        guard let object = try? JSON.parse(result.output).object,
            let user = object.text("Username"), let secret = object.text("Secret")
        else { throw failure("its answer is not what it should be") }
        if user.isEmpty && secret.isEmpty { return nil }
        return user == "<token>"
            ? .identityToken(user: nil, token: secret) : .password(user: user, password: secret)
    }

    func store(_ server: String, user: String, password: String) throws(RegistryError) {
        var object = JSONObject()
        object["ServerURL"] = .string(server)
        object["Username"] = .string(user)
        object["Secret"] = .string(password)
        let result = try run("store", object.serialized())
        guard result.status == 0 else { throw failure("status \(result.status)") }
    }

    func erase(_ server: String) throws(RegistryError) {
        let result = try run("erase", Array(server.utf8))
        guard result.status == 0 else { throw failure("status \(result.status)") }
    }
}
