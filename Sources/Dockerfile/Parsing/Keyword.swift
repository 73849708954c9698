/// The instructions of a Dockerfile.
public enum Keyword: String, CaseIterable, Sendable {
    case add = "ADD"
    case arg = "ARG"
    case cmd = "CMD"
    case copy = "COPY"
    case entrypoint = "ENTRYPOINT"
    case env = "ENV"
    case expose = "EXPOSE"
    case from = "FROM"
    case healthcheck = "HEALTHCHECK"
    case label = "LABEL"
    case maintainer = "MAINTAINER"
    case onbuild = "ONBUILD"
    case run = "RUN"
    case shell = "SHELL"
    case stopsignal = "STOPSIGNAL"
    case user = "USER"
    case volume = "VOLUME"
    case workdir = "WORKDIR"

    /// Whether heredocs may follow its line.
    var takesHeredocs: Bool {
        switch self {
        case .add, .copy, .run: true
        case .arg, .cmd, .entrypoint, .env, .expose, .from, .healthcheck, .label, .maintainer,
            .onbuild, .shell, .stopsignal, .user, .volume, .workdir:
            false
        }
    }

    /// The flags of the instruction, by name.
    var flags: [String: FlagKind] {
        switch self {
        case .add:
            [
                "chown": .text, "chmod": .text, "link": .boolean, "keep-git-dir": .boolean,
                "checksum": .text, "unpack": .boolean, "exclude": .texts,
            ]
        case .copy:
            [
                "chown": .text, "chmod": .text, "from": .text, "link": .boolean,
                "parents": .boolean, "exclude": .texts,
            ]
        case .from: ["platform": .text]
        case .healthcheck:
            [
                "interval": .text, "timeout": .text, "start-period": .text,
                "start-interval": .text, "retries": .text,
            ]
        case .run:
            ["mount": .texts, "network": .text, "security": .text, "device": .texts]
        case .arg, .cmd, .entrypoint, .env, .expose, .label, .maintainer, .onbuild, .shell,
            .stopsignal, .user, .volume, .workdir:
            [:]
        }
    }
}

/// The kind of a flag's value.
enum FlagKind: Sendable {
    case text
    /// The flag may be repeated.
    case texts
    /// `true` or `false`; no value means true.
    case boolean
}
