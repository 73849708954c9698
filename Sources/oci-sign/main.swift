import RemoteTools
import ToolSupport

SignTool.runAndExit()
