import JSON

extension ImageConfig {
    /// Checks that a Linux runtime could run the image, as far as the config tells.
    ///
    /// User names are not checked, because that takes `etc/passwd` of the image.
    ///
    /// - Throws: `EditError` with the problem and the field.
    public func checkRuns(_ options: RuntimeConfig.Options) throws(EditError) {
        let words = options.arguments ?? strings("Entrypoint") + strings("Cmd")
        try checkRuns(arguments: words, mountsVolumes: options.mountsVolumes)
        if let error = userError() { throw error }
    }

    /// - Parameter arguments: the program and its arguments.
    func checkRuns(arguments: [String], mountsVolumes: Bool) throws(EditError) {
        let path = ImageConfig.path
        let os = document["os"]?.text ?? ""
        guard !os.isEmpty || !(document["architecture"]?.text ?? "").isEmpty else {
            throw EditError(path, "an image without a platform")
        }
        // Docker and containerd compare it in lower case.
        guard os.lowercased() == "linux" else {
            throw EditError(path.key("os"), os.isEmpty ? "missing" : "not linux")
        }
        guard !arguments.isEmpty else {
            throw EditError(
                ImageConfig.runPath, "neither Entrypoint nor Cmd; say with --args what is to run")
        }
        if let error = textErrors().first ?? variableErrors().first { throw error }
        for volume in volumes where mountsVolumes {
            let path = ImageConfig.runPath.key("Volumes").key(JSONString(volume))
            guard volume.hasPrefix("/") else { throw EditError(path, "not an absolute path") }
            if let error = ImageConfig.byteError(volume, at: path) { throw error }
        }
    }

    /// The run parameters that no runtime can use, whatever is to run: an error for each.
    public func valueErrors() -> [EditError] {
        textErrors() + variableErrors() + [userError(), directoryError()].compactMap { $0 }
            + declarationErrors()
    }

    /// Errors of ports, volumes and the stop signal, which Docker and podman refuse.
    private func declarationErrors() -> [EditError] {
        var errors: [EditError] = []
        func check(_ path: JSONPath, _ body: () throws(ValueError) -> Void) {
            do throws(ValueError) {
                try body()
            } catch {
                errors.append(EditError(path, error.problem))
            }
        }
        for port in runDocument.object("ExposedPorts").members.map(\.key) {
            check(ImageConfig.runPath.key("ExposedPorts").key(port)) { () throws(ValueError) in
                _ = try ExposedPorts(port.text)
            }
        }
        for volume in volumes {
            let path = ImageConfig.runPath.key("Volumes").key(JSONString(volume))
            check(path) { () throws(ValueError) in _ = try VolumePath(volume) }
        }
        if let signal = runDocument.text("StopSignal"), !signal.isEmpty {
            check(ImageConfig.runPath.key("StopSignal")) { () throws(ValueError) in
                _ = try StopSignal(signal)
            }
        }
        return errors
    }

    private func textErrors() -> [EditError] {
        let texts = (["Entrypoint", "Cmd", "Env"] as [JSONString]).flatMap { key in
            strings(key).enumerated().map { index, text in
                (path: ImageConfig.runPath.key(key).index(index), text: text)
            }
        }
        let directory = ImageConfig.runPath.key("WorkingDir")
        return (texts + [(directory, runDocument.text("WorkingDir") ?? "")])
            .compactMap { ImageConfig.byteError($0.text, at: $0.path) }
    }

    private func variableErrors() -> [EditError] {
        strings("Env").enumerated().compactMap { index, variable in
            let name = variable.utf8.prefix { $0 != UInt8(ascii: "=") }
            if !name.isEmpty, name.endIndex < variable.endIndex { return nil }
            return EditError(
                ImageConfig.runPath.key("Env").index(index),
                "not NAME=VALUE: \(quotedPart(variable))")
        }
    }

    private func userError() -> EditError? {
        do throws(ValueError) {
            try UserDatabase.check(user)
            return nil
        } catch {
            return EditError(ImageConfig.runPath.key("User"), error.problem)
        }
    }

    /// Windows has other paths.
    private func directoryError() -> EditError? {
        guard document["os"]?.text?.lowercased() != "windows",
            let directory = runDocument.text("WorkingDir"), !directory.isEmpty,
            !directory.hasPrefix("/")
        else { return nil }
        return EditError(
            ImageConfig.runPath.key("WorkingDir"),
            "not an absolute path: \(quotedPart(directory))")
    }

    private static let path = JSONPath.root.key("config").key("data")
    private static let runPath = path.key("config")

    /// The kernel would truncate text at a zero byte.
    private static func byteError(_ text: String, at path: JSONPath) -> EditError? {
        text.utf8.contains(0) ? EditError(path, "has a zero byte") : nil
    }
}
