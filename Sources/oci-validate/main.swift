import RemoteTools
import ToolSupport

ValidateTool.runAndExit()
