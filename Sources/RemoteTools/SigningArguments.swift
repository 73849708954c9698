import ArgumentParser
import ByteStream
import Signing
import ToolSupport

/// The options that select a signer.
struct SigningArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Sign with the private key (PEM, or cosign's) in FILE.", valueName: "file"))
    var signKey: Path?

    @Option(
        help: ArgumentHelp(
            "Sign with CMD: it reads bytes on stdin and writes their signature to stdout.",
            valueName: "cmd"))
    var signCommand: String?

    @Option(
        help: ArgumentHelp(
            "Check the signature with the public key in FILE before it is pushed.",
            valueName: "file"))
    var verifyKey: Path?

    @Option(
        help: ArgumentHelp(
            "Read the password of the key from FILE. Default: COSIGN_PASSWORD, or a terminal.",
            valueName: "file"))
    var passwordFile: Path?

    init() {}

    func validate() throws {
        if (signKey == nil) == (signCommand == nil) {
            throw ValidationError(
                signKey == nil
                    ? "no key: --sign-key or --sign-command says what signs"
                    : "--sign-key and --sign-command exclude each other")
        }
        if passwordFile != nil && signKey == nil {
            throw ValidationError("--password-file needs --sign-key")
        }
    }

    /// The signer that the options select.
    ///
    /// - Parameter variable: the password from the environment.
    func signer(variable: SecretBytes?) throws -> Signer {
        let publicKey = try verifyKey.map { try PublicKey(readingFile: $0) }
        guard let signKey else {
            return Signer(command: signCommand ?? "", checkedBy: publicKey)
        }
        let key = try PrivateKey(readingFile: signKey) {
            try givenPassword(variable: variable)
                ?? SecretBytes(askingFor: "password of \(signKey.quoted)")
        }
        return Signer(key: key, checkedBy: publicKey)
    }

    /// Checks that the keys can be used, and that the password is right.
    ///
    /// A key whose password only the user knows is not checked, so that the password is asked for
    /// once.
    func check(variable: SecretBytes?) throws {
        _ = try verifyKey.map { try PublicKey(readingFile: $0) }
        guard let signKey else { return }
        do {
            _ = try PrivateKey(readingFile: signKey) { try givenPassword(variable: variable) }
        } catch SigningError.passwordNeeded where Terminal.isAvailable {
            return
        }
    }

    /// The password from the file or the environment.
    private func givenPassword(variable: SecretBytes?) throws -> SecretBytes? {
        guard let passwordFile else { return variable }
        let password = try SecretBytes(readingFile: passwordFile)
        password.removeNewline()
        return password
    }
}
