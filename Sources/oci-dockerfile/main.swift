import RemoteTools
import ToolSupport

DockerfileTool.runAndExit()
